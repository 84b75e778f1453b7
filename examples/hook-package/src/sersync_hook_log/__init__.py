"""A hook that appends each changed path to a file, each ended by a zero byte.

sersync makes it once, with the table ``options`` of its configuration, and calls ``run`` from one
thread with the paths that stand on all targets. What ``run`` returns as failed is tried again, as
often as ``attempts`` says; what it raises counts as failed too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sersync.model.hooks import Change, HookOutcome


class LogFile:
    """Writes to the file named by the option ``file``."""

    def __init__(self, options: Mapping[str, object]) -> None:
        self._file = str(options["file"])

    def run(self, changes: Sequence[Change]) -> HookOutcome:
        """Append *changes*; a disk that is full is tried again."""
        with open(self._file, "ab") as file:
            file.writelines(
                change.kind.value.encode() + b" " + change.absolute + b"\0" for change in changes
            )
        return HookOutcome()

    def cancel(self) -> None:
        """Nothing here takes long."""
