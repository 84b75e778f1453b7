"""The kernel's limits on inotify, read and raised, never lowered.

They are described in inotify(7), "/proc interfaces". Raising them needs root in the initial user
namespace and a writable /proc/sys; where that is not given, the answer says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

DIRECTORY: Final = Path("/proc/sys/fs/inotify")
NAMESPACE_WATCHES: Final = Path("/proc/sys/user/max_inotify_watches")
"""The limit of the user namespace that we are in (namespaces(7))."""


class Limit(Enum):
    """One limit; the value is its name below ``fs.inotify``."""

    WATCHES = "max_user_watches"
    """Watches of one user over all queues."""
    QUEUED_EVENTS = "max_queued_events"
    """Unread events of one queue; a queue takes the limit that holds when it is opened."""
    INSTANCES = "max_user_instances"
    """Queues of one user."""

    @property
    def sysctl(self) -> str:
        """The name that sysctl knows the limit by."""
        return f"fs.inotify.{self.value}"

    def command(self, value: int) -> str:
        """Return the command that sets the limit by hand, until the next boot."""
        return f"sudo sysctl -w {self.sysctl}={value}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """What became of a wish to raise a limit.

    *before* and *now* are 0 when the limit cannot be read. *obstacle*: why *now* is still lower
    than *wanted*, in the kernel's words; empty when it is not.
    """

    limit: Limit
    wanted: int
    before: int
    now: int
    obstacle: str = ""

    @property
    def is_enough(self) -> bool:
        """Whether the limit now is what was wanted, or more."""
        return self.now >= self.wanted

    def __str__(self) -> str:
        name = self.limit.sysctl
        if self.is_enough and self.now > self.before:
            return f"{name} was {self.before}; raised to {self.now} until the next boot"
        if self.is_enough:
            return f"{name} is {self.now}, which is enough"
        return (
            f"{name} is {self.now}; {self.wanted} is wanted, but it could not be raised"
            f" ({self.obstacle}): {self.limit.command(self.wanted)}"
        )


def read_limit(limit: Limit) -> int:
    """Return the limit's value, or 0 where it cannot be read (a kernel without inotify)."""
    return number_in(DIRECTORY / limit.value)


def namespace_watches() -> int:
    """Return how many watches this user namespace may have, or 0 where that cannot be read."""
    return number_in(NAMESPACE_WATCHES)


def number_in(file: Path) -> int:
    """Return the number in *file* of /proc or /sys, or 0 where that cannot be read."""
    try:
        return int(file.read_text("ascii"))
    except (OSError, ValueError):
        return 0


def raise_limit(limit: Limit, wanted: int) -> Raised:
    """Raise *limit* to *wanted* unless it is as high already; say what came of it."""
    before = read_limit(limit)
    if before >= wanted:
        return Raised(limit=limit, wanted=wanted, before=before, now=before)
    obstacle = ""
    try:
        (DIRECTORY / limit.value).write_text(f"{wanted}\n", "ascii")
    except OSError as error:
        obstacle = error.strerror or str(error)
    now = read_limit(limit)
    if now < wanted and not obstacle:
        obstacle = f"the kernel keeps {now}"
    return Raised(limit=limit, wanted=wanted, before=before, now=now, obstacle=obstacle)
