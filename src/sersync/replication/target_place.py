"""Whether the directory of a local target is still the one that was carried to.

A disk that is unmounted leaves its mount point: what is carried there fills another file system,
and the copy looks current, with all but the last changes missing.
"""

from __future__ import annotations

import logging
from typing import Final

from sersync.model.batch import Reason
from sersync.model.pasting import resume_command, word
from sersync.model.path import display
from sersync.model.target import LocalDirectory, Target
from sersync.replication.health import Health
from sersync.replication.surroundings import NOT_KNOWN, Place, Surroundings

log: Final = logging.getLogger("sersync.worker")


class TargetPlace:
    """Halts a target before anything is carried to another place. Nothing for other hosts.

    Owned by the worker's thread, but for ``confirm``.
    """

    def __init__(self, target: Target, around: Surroundings, health: Health) -> None:
        self._target = target
        self._around = around
        self._health = health
        self._known: Place | None = None
        self._halt: Reason | None = None
        self._is_confirmed = False

    def confirm(self, halt: Reason) -> None:
        """If *halt* is ours, take what is there when the target is reached next for the right one.

        For any thread.
        """
        self._is_confirmed = self._is_confirmed or halt is self._halt

    def look(self, *, was_compared: bool) -> None:
        """Halt the target if it is elsewhere; let it go on if it is where it was.

        *was_compared*: by an earlier daemon, so that there must be something.
        """
        endpoint = self._target.endpoint
        if not isinstance(endpoint, LocalDirectory):
            return
        if self._is_confirmed:
            self._lift()  # It was told once more, perhaps, while a person confirmed it.
            return
        now = self._around.place_of(endpoint.path)
        if complaint := self._complaint(now, endpoint.path, was_compared=was_compared):
            if self._halt is None or self._health.halt is not self._halt:
                self._halt = self._reason(complaint, endpoint.path)
                self._health.stop(self._halt)
        elif self._lift():
            log.info("%s: its directory is back; it goes on", self._target.name)

    def _lift(self) -> bool:
        """Take back what holds the target up, if that is ours."""
        halt, self._halt = self._halt, None
        return halt is not None and self._health.halt is halt and self._health.resume(confirm=True)

    def reached(self) -> bool:
        """Take the place for the right one, now that it was tried; tell whether it is another."""
        endpoint = self._target.endpoint
        if not isinstance(endpoint, LocalDirectory):
            return False
        is_other, self._is_confirmed = self._is_confirmed, False
        if is_other or self._known is None:
            self._known = self._around.place_of(endpoint.path)
            self._halt = None
        return is_other

    def _complaint(self, now: Place | None, directory: bytes, *, was_compared: bool) -> str:
        if self._known is None:
            if was_compared and self._around.guard.had_entries and self._around.is_empty(directory):
                what = "is not there" if now is None else "is empty"
                return f"{what}, but it held a copy when sersync last ran"
            return ""
        if now == self._known or now == NOT_KNOWN:
            return ""
        if now is None:
            return "is gone"
        return (
            "is another one than before: it was replaced, or a file system was mounted or unmounted"
            " there"
        )

    def _reason(self, complaint: str, directory: bytes) -> Reason:
        around, pasted = self._around, word(directory)
        confirm = resume_command(around.state_dir, around.source, self._target.name, confirm=True)
        return Reason(
            message=f"the target directory {display(directory)} {complaint}",
            remedy="Nothing is carried there. Bring the directory back, or mount its file system:"
            f" it then goes on by itself. If a copy is to be made where it is now: {confirm}",
            command=f"ls -ld {pasted}; findmnt -T {pasted}",
            needs_confirm=True,
        )
