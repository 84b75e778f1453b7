"""What a watcher says: where to look, never what to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from sersync.model.dirty import Scope
from sersync.model.path import RelPath


class Stage(Enum):
    """How far the writing of a touched path has come."""

    DONE = "done"
    """Nobody is known to be writing: carry it as soon as possible."""
    CREATED = "created"
    """A regular file that its creator has not written to yet."""
    OPEN = "open"
    """A regular file that is still being written; it is held until closed, or ``max_delay``."""


@dataclass(frozen=True, slots=True)
class Touched:
    """*path* may differ from what it was: its content if *content*, else its attributes."""

    path: RelPath
    content: bool = False
    stage: Stage = Stage.DONE
    created: bool = False
    """The name is new: it was not there, or something else was."""
    replaces: bool = False
    """What is new took, or may have taken, the place of something that the targets still have."""
    is_dir: bool = field(default=False, compare=False)
    """It is, or was, a directory, as far as that was told."""
    was_directory: bool = False
    """A directory left this name, by its removal or by a move."""


@dataclass(frozen=True, slots=True)
class NewTree:
    """A directory was created or moved in: it, and whatever is already below it, is new."""

    path: RelPath
    replaces: bool = False
    """It took the place of another one, which the targets may still have."""


@dataclass(frozen=True, slots=True)
class Moved:
    """*old* became *new*: a hint, so that the content need not be sent again.

    Both names are reported by themselves as well, before this.
    """

    old: RelPath
    new: RelPath


class DesyncReason(Enum):
    """Why a subtree is no longer vouched for."""

    START = "the watch has just begun"
    OVERFLOW = "the kernel's event queue overflowed"
    UNKNOWN_WATCH = "the kernel reported a directory that is not on our list"
    WATCH_LIMIT = "the limit of inotify watches is reached"
    UNREADABLE = "a directory cannot be read"
    UNMOUNTED = "a file system was unmounted"
    SECOND_PLACE = "a directory is mounted at a second place of the tree"
    MOUNTED = "a file system came or went there"
    UNCOVERED = "nobody tells of its changes, so it is looked through now and then"
    ROOT_GONE = "the root was deleted or moved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Desync:
    """We no longer vouch for *subtree*: it must be compared again.

    *covered* is false when the subtree is not watched from now on either.
    """

    subtree: RelPath
    reason: DesyncReason
    detail: str = ""
    covered: bool = True


@dataclass(frozen=True, slots=True)
class Suspect:
    """A rescan found that *path* cannot be vouched for, as far as *scope* says.

    *since*: seconds of the monotonic clock; what changed after that was not told of, so it may
    look unchanged by its size and time. None: every target is compared anyway.
    """

    path: RelPath
    scope: Scope
    since: float | None = None


Report = Touched | NewTree | Moved | Desync | Suspect
