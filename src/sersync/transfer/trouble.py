"""From rsync's lines about single paths to problems. Pure.

The texts are those of rsync 3.1 to 3.5, each seen from a real one. A sender names paths
absolutely, a daemon below its module, a receiver without one absolutely; in names control bytes
are escaped, quotes are not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from sersync.model.batch import Problem, Stage
from sersync.model.path import RelPath, join, name, parent
from sersync.model.target import LocalDirectory, RemoteShell, RsyncModule, Target
from sersync.transfer.output import relative, unescape

_FAILED: Final = re.compile(
    rb"^rsync: (?:\[(?P<role>\w+)\] )?(?P<what>[^\"(]*?) ?"
    rb"(?:\"(?P<full>.*)\"|\((?P<short>.*)\))(?: \(in .*?\))?(?: failed)?: "
    rb"(?P<error>[^:]+) \(\d+\)$"
)
_ARROW: Final = re.compile(rb"\"? -> \"?")
_VANISHED: Final = re.compile(rb"^file has vanished: \"(.*)\"(?: \(in .*?\))?$")
_REFUSED: Final = re.compile(
    rb"^(?:ERROR: daemon refused to receive|skipping daemon-excluded) \w+ \"(.*)\"$"
)
_NO_WAY: Final = re.compile(rb"^could not make way for (?:new )?[\w ]+: (.*)$")
_CHANGING: Final = re.compile(rb"^(?:WARNING|ERROR): (.*) failed verification -- update .*$")
_NOT_EMPTY: Final = re.compile(rb"^cannot delete non-empty directory: (.*)$")
_SKIPPED: Final = re.compile(rb"^skipping non-regular file \"(.*)\"$")
_UNCONVERTED: Final = re.compile(
    rb"^\[\w+\] cannot convert (?:filename|symlink data for): (.*) \([^()]*\)$"
)
_TOO_LONG: Final = re.compile(
    rb"^(?:filename overflows max-path len by \d+|skipping overly long name): (.*)$"
)
_TEMPORARY: Final = re.compile(rb"^\.(.+)\.[A-Za-z0-9]{6}$")
_SAYS_NOTHING_MORE: Final = re.compile(
    rb"^(?:rsync error: .*|\*\*\* Skipping any contents .*|WARNING: parent dir is absent .*|"
    rb"IO error encountered .*|)$"
)
_DELETING: Final = re.compile(rb"unlink|rmdir|delete")

_WORDS: Final = {
    Stage.READ: "it cannot be read",
    Stage.WRITE: "the target cannot write it",
    Stage.DELETE: "the target cannot delete it",
}


@dataclass(slots=True)
class Trouble:
    """What went wrong with single paths, and whether that explains everything that was said.

    *unnamed*: problems that rsync told of a temporary file. Whether its real name begins with a
    dot is not to be seen, so they stand under the name without.
    """

    problems: dict[RelPath, Problem] = field(default_factory=dict)
    unnamed: dict[RelPath, Problem] = field(default_factory=dict)
    is_explained: bool = True

    def add(self, path: RelPath, stage: Stage, message: str) -> None:
        """Note a problem; of several with one path the first counts."""
        remedy = remedy_for(stage, message)
        problem = Problem(path=path, stage=stage, message=message, remedy=remedy)
        self.problems.setdefault(path, problem)


_IMMUTABLE: Final = (
    "See with lsattr -d whether it, or its directory there, is immutable (chattr -i ends that); if"
    " not, the target's rsync may not do this as the user that it runs as."
)
_READ_ONLY: Final = (
    "A file system is mounted read only there, after an error of its disk perhaps: see the kernel's"
    " log, and mount it for writing; or exclude what lies on it."
)
_REMEDIES: Final = (
    (Stage.READ, "Permission denied", "Let this user read it, or exclude it."),
    (
        Stage.WRITE,
        "Permission denied",
        "Let the target's rsync write there: see the directory's owner and mode, the module's uid.",
    ),
    (
        Stage.DELETE,
        "Permission denied",
        "Let the target's rsync delete there: see the directory's owner and mode.",
    ),
    (Stage.READ, "Operation not permitted", "Let this user read it, or exclude it."),
    (Stage.WRITE, "Operation not permitted", _IMMUTABLE),
    (Stage.DELETE, "Operation not permitted", _IMMUTABLE),
    (Stage.WRITE, "Read-only file system", _READ_ONLY),
    (Stage.DELETE, "Read-only file system", _READ_ONLY),
    (
        Stage.READ,
        "File name too long",
        "No path may be as long: move it up, shorten names above it, or exclude one of those.",
    ),
    (Stage.WRITE, "File name too long", "The target takes no name as long: rename or exclude it."),
    (Stage.WRITE, "Invalid argument", "The target takes no such name: rename or exclude it."),
    (
        Stage.REFUSED,
        "special file",
        "Exclude it, or let an rsync of root write there, and not behind rrsync.",
    ),
    (Stage.REFUSED, "--iconv", "Rename it, or correct --iconv in rsync_options."),
    (
        Stage.CHANGED,
        "changed while",
        "It is carried as soon as it is quiet for long enough; if it never is, carry a snapshot.",
    ),
)
"""What a person can do about a path, by the stage and a part of the message."""


def remedy_for(stage: Stage, message: str) -> str:
    """Return what a person can do about a path that failed like this; empty where that is open."""
    for of_stage, part, remedy in _REMEDIES:
        if of_stage is stage and part in message:
            return remedy
    return ""


def find_trouble(stderr: bytes, stdout: bytes, *, target: Target, root: bytes) -> Trouble:
    """Return the problems with single paths that rsync told of."""
    trouble = Trouble()
    for line in stderr.split(b"\n"):
        if not (_plain(line, trouble) or _failed(line, trouble, target, root)):
            vanished = _VANISHED.match(line)
            if vanished:
                path = _below(unescape(vanished[1]), root) or relative(unescape(vanished[1]))
                trouble.add(path, Stage.VANISHED, "it vanished before it could be read")
            elif not _SAYS_NOTHING_MORE.match(line):
                trouble.is_explained = False
    for line in stdout.split(b"\n"):
        _plain(line, trouble)
    return trouble


def _plain(line: bytes, trouble: Trouble) -> bool:
    """Understand the lines that name a path as it stands in the list."""
    for pattern, stage, message in _PLAIN:
        if match := pattern.match(line):
            trouble.add(relative(unescape(match[1])), stage, message)
            return True
    return False


_PLAIN: Final = (
    (_REFUSED, Stage.REFUSED, "the target keeps this name to itself (exclude in its rsyncd.conf)"),
    (_NO_WAY, Stage.WRITE, "the target cannot remove what stands in its place"),
    (_CHANGING, Stage.CHANGED, "it changed while it was carried"),
    (_NOT_EMPTY, Stage.DELETE, "the target cannot delete the directory: something is left in it"),
    (_UNCONVERTED, Stage.REFUSED, "its name, or where it leads, cannot be converted by --iconv"),
    (_TOO_LONG, Stage.READ, f"{_WORDS[Stage.READ]}: File name too long"),
    (_SKIPPED, Stage.REFUSED, "the target's rsync makes no such special file"),
)


def _failed(line: bytes, trouble: Trouble, target: Target, root: bytes) -> bool:
    """Understand the lines that name a failed system call."""
    match = _FAILED.match(line)
    if match is None:
        return False
    role, what = match["role"], match["what"]
    full = match["full"]
    if role in (b"Receiver", b"client") or what.startswith((b"change_dir", b"failed to connect")):
        return False
    spelled = full if full is not None else match["short"]
    spelled = unescape(_ARROW.split(spelled)[-1])
    at_source = _below(spelled, root) if role in (b"sender", None) else None
    error = match["error"].decode("utf-8", "replace")
    if at_source is not None:
        trouble.add(at_source, Stage.READ, f"{_WORDS[Stage.READ]}: {error}")
        return True
    if role == b"sender":
        return False
    stage = Stage.DELETE if _DELETING.search(what) else Stage.WRITE
    path = _on_target(spelled, target) if full is not None else relative(spelled)
    message = f"{_WORDS[stage]}: {error}"
    temporary = _TEMPORARY.match(name(path)) if b"mkstemp" in what else None
    if temporary is None:
        trouble.add(path, stage, message)
    else:
        path = join(parent(path), temporary[1])
        remedy = remedy_for(stage, message)
        trouble.unnamed[path] = Problem(path=path, stage=stage, message=message, remedy=remedy)
        trouble.is_explained = False
    return True


def _below(spelled: bytes, root: bytes) -> RelPath | None:
    """Return an absolute path as one below *root*; None if it is not."""
    root = root.rstrip(b"/")
    if spelled.rstrip(b"/") == root:
        return RelPath(b"")
    return relative(spelled[len(root) :]) if spelled.startswith(root + b"/") else None


def _on_target(spelled: bytes, target: Target) -> RelPath:
    """Return a path as the receiver spells it as one below the target's root."""
    match target.endpoint:
        case RsyncModule(path=path):
            base = b"/" + path.strip("/").encode("utf-8", "surrogateescape")
            spelled = b"/" + spelled.lstrip(b"/")
        case RemoteShell(path=path):
            base = path.encode("utf-8", "surrogateescape")
        case LocalDirectory(path=base):
            pass
    inside = _below(spelled, base)
    return relative(spelled) if inside is None else inside
