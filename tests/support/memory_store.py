"""A state store in memory, as naive as can be: it fails when the test says so."""

from __future__ import annotations

from sersync.errors import StateUnavailable
from sersync.model.checkpoint import (
    Checkpoint,
    Kept,
    KeptTarget,
    Moment,
    Recovered,
    Waiting,
)
from sersync.model.dirty import DirtyPath
from sersync.model.path import RelPath


class MemoryStore:
    """What checkpoints have told so far, of any number of targets."""

    def __init__(self) -> None:
        self.checkpoints: list[Checkpoint] = []
        self.trouble = ""
        self.wants_whole = False
        self.is_closed = False
        self._log: list[DirtyPath] = []
        self._targets: dict[str, KeptTarget] = {}

    def recover(self, moment: Moment) -> Recovered:
        return Recovered()

    def checkpoint(self, checkpoint: Checkpoint) -> None:
        if self.trouble:
            raise StateUnavailable(self.trouble, hint="df -h")
        self.checkpoints.append(checkpoint)
        self._log = ([] if checkpoint.log.is_whole else self._log) + list(checkpoint.log.reported)
        known, self._targets = self._targets, {}
        for told in checkpoint.targets:
            before = known.get(told.name)
            if told.is_whole or before is None:
                before = KeptTarget(name=told.name, basis=told.basis, cursor=0)
            waiting: dict[RelPath, Waiting] = {
                each.path.path: each
                for each in (*before.waiting, *told.waiting)
                if each.path.path not in told.gone
            }
            buckets = {each.number: each for each in (*before.settled, *told.settled)}
            self._targets[told.name] = KeptTarget(
                name=told.name,
                basis=told.basis,
                cursor=told.cursor,
                waiting=tuple(waiting.values()),
                memory=before.memory if told.memory is None else told.memory,
                settled=tuple(
                    each for number, each in buckets.items() if number >= told.settled_from
                ),
            )

    def kept(self, *, same_boot: bool = True) -> Kept:
        """Return what a start would find now."""
        last = self.checkpoints[-1]
        return Kept(
            log=tuple(self._log),
            sequence=last.log.sequence,
            targets=dict(self._targets),
            was_clean=last.is_clean,
            same_boot=same_boot,
        )

    def close(self) -> None:
        self.is_closed = True
