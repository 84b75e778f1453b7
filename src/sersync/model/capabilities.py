"""What a target's rsync can do, as found out by trying."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What was learnt about a target; the defaults are those of a current rsync.

    *missing_args*: ``--delete-missing-args`` works (3.1.0; broken in the daemon of 3.4.3).
    *fsync*: ``--fsync`` is understood (3.2.4); only tried where it is wanted.
    *nanoseconds*: ``--modify-window=-1`` is understood (3.1.3).
    *mtime_granularity_ns*: the target's file system keeps modification times no finer than this.
    """

    fsync: bool = True
    missing_args: bool = True
    nanoseconds: bool = True
    mtime_granularity_ns: int = 1
