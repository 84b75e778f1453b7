"""The running instances of this host, found by their control sockets."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    # At run time it is loaded where somebody is asked: it takes a tenth of a second.
    from sersync.api.client import NotReachable

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What running instances say of themselves, and who did not answer."""

    documents: tuple[Json, ...]
    silent: tuple[NotReachable, ...]
    """For each instance that did not answer: its socket, and why."""
    looked_in: str


def ask_instances(state_dir: str) -> Answers:
    """Ask the instances below *state_dir*, or all of this user and of this host's services."""
    from sersync.api.client import NotReachable, fetch_status

    documents = []
    silent = []
    for path in sockets(state_dir):
        try:
            documents.append(fetch_status(path))
        except NotReachable as error:
            silent.append(error)
    return Answers(
        documents=tuple(documents),
        silent=tuple(silent),
        looked_in=looked_in(state_dir),
    )


def looked_in(state_dir: str) -> str:
    """Return where instances were looked for, for messages."""
    return state_dir or ", ".join(map(os.fspath, _bases()))


def _bases() -> list[Path]:
    from sersync.config.places import SYSTEM_STATE, state_base

    own, system = Path(state_base(os.environ)), Path(SYSTEM_STATE)
    return [own] if own == system or not system.is_dir() else [own, system]


def sockets(state_dir: str) -> list[str]:
    """Return the control sockets below *state_dir*, or of all instances that we may ask."""
    if not state_dir:
        return [os.fspath(path) for base in _bases() for path in _below(base)]
    own = Path(state_dir) / "control.sock"
    return [os.fspath(own)] if own.exists() else list(map(os.fspath, _below(Path(state_dir))))


def _below(base: Path) -> list[Path]:
    return sorted(path for path in base.glob("*/control.sock") if os.access(path.parent, os.X_OK))


def state_dirs(state_dir: str, holding: str) -> list[str]:
    """Return the state directories at or below *state_dir* that hold a file called *holding*."""
    if state_dir and (Path(state_dir) / holding).exists():
        return [state_dir]
    bases = [Path(state_dir)] if state_dir else _bases()
    return sorted(
        os.fspath(path.parent)
        for base in bases
        for path in base.glob(f"*/{holding}")
        if os.access(path.parent, os.X_OK)
    )
