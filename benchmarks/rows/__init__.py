"""The rows of the table, in its order: each measured by itself, each in seconds."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from benchmarks.place import Place
from benchmarks.rows.answers import answers, api_memory
from benchmarks.rows.burst import burst_2000, burst_2000_in_big, burst_20000, copy_library
from benchmarks.rows.checkpoint import checkpoint, checkpoint_latency
from benchmarks.rows.latency import big_tree, idle, local, ssh, tls
from benchmarks.rows.restart import overflow, restart
from benchmarks.rows.steady import stream, three_targets
from benchmarks.rows.watched import idle_connections, watched
from benchmarks.table import Line

Row = Callable[[Place], Iterator[Line]]

ROWS: dict[str, Row] = {
    "idle": idle,
    "big-tree": big_tree,
    "ssh": ssh,
    "tls": tls,
    "local": local,
    "burst-2000": burst_2000,
    "burst-2000-in-big": burst_2000_in_big,
    "burst-20000": burst_20000,
    "copy-library": copy_library,
    "stream": stream,
    "three-targets": three_targets,
    "restart": restart,
    "overflow": overflow,
    "checkpoint": checkpoint,
    "checkpoint-latency": checkpoint_latency,
    "answers": answers,
    "api-memory": api_memory,
    "watched": watched,
    "idle-connections": idle_connections,
}
