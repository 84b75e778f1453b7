"""Whether anything may be started for a target: nobody halts it, and its source can be trusted."""

from __future__ import annotations

from sersync.replication.health import Health
from sersync.replication.ports import Transport
from sersync.replication.record import Record
from sersync.replication.surroundings import Surroundings
from sersync.replication.target_place import TargetPlace


class Gate:
    """Asked before every list is fed; closed, it gives the idle connections back.

    Owned by the worker's thread.
    """

    def __init__(
        self,
        health: Health,
        transport: Transport,
        around: Surroundings,
        *,
        place: TargetPlace,
        record: Record,
    ) -> None:
        self._place = place
        self._record = record
        self._health = health
        self._transport = transport
        self._around = around

    def is_open(self, now: float) -> bool:
        """Tell whether runs may be started; *now*: seconds of the monotonic clock."""
        self._place.look(was_compared=self._record.is_compared)
        if self._health.is_halted or self._health.is_paused:
            is_counted = self._health.root_halt is None and not self._health.is_paused
            self._transport.release(ends_counts=not is_counted)
            return False
        return now >= self._health.retry_at and self._is_root_safe()

    def _is_root_safe(self) -> bool:
        reason = self._around.guard.check()
        if reason is None:
            return True
        self._health.root_halt = reason
        self._around.root_lost(reason)
        self._transport.release()
        return False
