"""What runs after a path stands on all targets: hooks, and what they are told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from sersync.model.expression import Expression
from sersync.model.path import RelPath


class ChangeKind(Enum):
    """What happened to a path, as far as can be said when a hook is told of it."""

    WRITTEN = "written"
    """It is there: its bytes or attributes are new."""
    CREATED = "created"
    """It is there, and is no regular file, and its name is new."""
    DELETED = "deleted"
    """It is not there any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One changed path, for a hook. Paths are bytes, as the kernel knows them."""

    root: bytes
    """The source's root: absolute, without a slash at its end unless it is ``/``."""
    path: bytes
    """Relative to the root; empty is the root itself."""
    kind: ChangeKind
    is_dir: bool

    @property
    def absolute(self) -> bytes:
        """The path from ``/`` on."""
        return self.root.rstrip(b"/") + b"/" + self.path if self.path else self.root


@dataclass(frozen=True, slots=True, kw_only=True)
class Untold:
    """A path that a hook is still to be told of, as it outlives the daemon.

    *created*: its name is new. *was_dir*: it was a directory. *whole*: all that is in it is new.
    """

    path: RelPath
    created: bool = False
    was_dir: bool = False
    whole: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCommand:
    """Run a program: once for each path, or once for a batch with the paths on standard input.

    For each path it gets *before*, the absolute path, *after* as its words; never a shell. For a
    batch it gets *before* and *after*, and on standard input the absolute paths, each ended by a
    zero byte.
    """

    before: tuple[str, ...]
    after: tuple[str, ...] = ()
    per_batch: bool = False
    ignore_errors: bool = False
    """A program that fails is no failure of the hook."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendPath:
    """Connect by TCP for each path, and send the absolute path: its bytes and nothing else."""

    host: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PostJson:
    """POST a JSON document for each batch to *url*."""

    url: str
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PostForm:
    """POST a form for each path, as the ``http`` plugin of sersync 2 did."""

    host: str
    port: int = 80
    path: str = "/"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshChinaCache:
    """Ask ChinaCache for each path to fetch it anew.

    The URL is *base* and the path below the hook's directory; with *match* it is *base*, its
    group 1 (the whole match, if it has none) and the rest of the absolute path after the match,
    and a path that it does not match is left alone.
    """

    host: str
    base: str
    port: int = 80
    user: str = ""
    password: str = field(default="", repr=False)
    match: Expression | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPlugin:
    """Call a hook of a third party: the entry point *name* of the group ``sersync.hooks``."""

    name: str
    options: Mapping[str, object] = field(default_factory=dict, hash=False)


HookAction = RunCommand | SendPath | PostJson | PostForm | RefreshChinaCache | CallPlugin


@dataclass(frozen=True, slots=True, kw_only=True)
class HookSettings:
    """One hook of one source: for which paths, what is done, and within which bounds.

    *below*: only for paths at or below this absolute directory; empty is the whole source.
    *include*: only for paths of which one matches the whole absolute path; empty is all.
    *exclude*: not for those of which one does.
    """

    name: str
    action: HookAction
    below: bytes = b""
    include: tuple[Expression, ...] = ()
    exclude: tuple[Expression, ...] = ()
    wait_s: float = 60.0
    """How long a target that does not have the path yet holds the hook back, at most."""
    timeout_s: float = 30.0
    """How long one command, connection or request may take."""
    attempts: int = 1
    """How often a path is tried before it counts as failed; the pauses between grow."""
    most_waiting: int = 100_000
    """More paths than this at a time are not kept; they are counted, and that is shown."""
    most_per_batch: int = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class HookOutcome:
    """How the hook fared with some changes. Returned, never raised.

    *failed*: those to be tried again, or given up when their attempts are over. *message*: why,
    for people; without secrets. *reply*: what the peer said, for the log.
    """

    failed: tuple[Change, ...] = ()
    message: str = ""
    reply: str = ""
