"""Whether a target was tried and is ready; it is tried again after its connection was lost."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from sersync.model.batch import Outcome
from sersync.replication.mailbox import NEVER
from sersync.replication.ports import Clock, Transport

log: Final = logging.getLogger("sersync.worker")

_MATTERS_S: Final = 5.0
"""How long after a probe its file may still be reported, if the target lies in the source."""


class Probing:
    """Owned by the worker's thread, but for ``name`` and ``lost``."""

    def __init__(self, target: str, transport: Transport, clock: Clock) -> None:
        self._target = target
        self._transport = transport
        self._clock = clock
        self._matters_until = NEVER
        self._told: tuple[str, ...] = ()
        self.is_ready = False
        """The target was tried, and nothing was lost since."""

    @property
    def name(self) -> bytes:
        """The name that the target was just tried with; empty when that was a while ago."""
        matters = self._clock.monotonic() < self._matters_until
        return self._transport.probe_name if matters else b""

    def lost(self) -> None:
        """Try the target again before the next transfer. For any thread."""
        self.is_ready = False

    def probe(self, is_stopping: Callable[[], bool]) -> Outcome | None:
        """Try the target; return why it is not ready, or None."""
        self._matters_until = NEVER
        failure = self._transport.open(is_stopping)
        self._matters_until = self._clock.monotonic() + _MATTERS_S
        if failure is not None:
            return failure
        self.is_ready = True
        for note in self._transport.notes:
            if note not in self._told:
                log.warning("%s: %s", self._target, note)
        self._told = self._transport.notes
        return None
