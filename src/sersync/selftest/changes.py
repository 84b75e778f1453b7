"""Single changes to a tree, as values that chance makes up and a failure prints."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sersync.linux.rename import exchange

_OLDEST_NS: Final = 1_000_000_000 * 10**9
_OURS: Final = (b"kept", b"sentinel")

NAMES = (
    *(b"a", b"b", b"dir", b"sub", b"f.txt"),
    *(b"-n", b"--delete", b"#hash", b";semicolon", b" space ", b"st*r?[a]", b"\\", b"\\#012"),
    *(b"new\nline", b"car\rriage", b"\x1b[1m", b"\x01\x7f", b"\xff\xfe\x80", "ä€".encode()),
    *(b"'quoted\"", b"$(x)`y`", b"host:file", b"mod::file", b"~", b".hidden", b"long" * 60),
)
"""A few plain names, which are met again and again, and one of each odd kind."""


@dataclass(frozen=True, slots=True)
class Step:
    """One change: what is done, to which paths, with a number that says how exactly."""

    kind: str
    path: bytes
    other: bytes
    number: int

    def __str__(self) -> str:
        return f"{self.kind} {_short(self.path)!r} {_short(self.other)!r} {self.number}"


class Playground:
    """The tree at *root*, and a place *outside* of it on the same file system.

    What the kernel refuses is refused: that is part of it.
    """

    def __init__(self, root: Path, outside: Path) -> None:
        self.root = os.fsencode(root)
        self.outside = os.fsencode(outside)
        self.done: list[Step] = []
        self.told: list[str] = []
        """What was really done, in words."""

    def apply(self, step: Step) -> None:
        """Make the change, if it can be made."""
        self.done.append(step)
        self.told.append(str(step))
        try:
            getattr(self, "_" + step.kind)(step)
        except OSError as error:
            self.told[-1] += f": {error.strerror}"

    def empty(self) -> None:
        """Remove everything from the root."""
        for entry in os.scandir(self.root):
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path)
            else:
                os.unlink(entry.path)

    # Each step; the names are those of Step.kind.

    def _create(self, step: Step) -> None:
        path = self._place(step.path)
        with open(path, "wb", opener=_never_waiting) as file:
            file.write(_bytes(step))

    def _create_flat(self, step: Step) -> None:
        """A file whose name tells that it is one, so that it never replaces a directory."""
        with open(
            os.path.join(self.root, step.path.replace(b"/", b"-")), "wb", opener=_never_waiting
        ) as file:
            file.write(_bytes(step))

    def _append(self, step: Step) -> None:
        with open(self._file(step), "ab", opener=_never_waiting) as file:
            file.write(_bytes(step))

    def _write_in_place(self, step: Step) -> None:
        with open(self._file(step), "r+b") as file:
            file.write(b"#%d" % step.number)

    def _truncate(self, step: Step) -> None:
        os.truncate(self._file(step), step.number % 100)

    def _replace(self, step: Step) -> None:
        path = self._file(step)
        fresh = os.path.join(os.path.dirname(path), b".fresh")
        with open(fresh, "wb", opener=_never_waiting) as file:
            file.write(_bytes(step))
        os.rename(fresh, path)

    def _rewrite_same_size(self, step: Step) -> None:
        """Other bytes of the same number, probably within the same second."""
        path = self._file(step)
        with open(path, "r+b") as file:
            content = file.read()
            file.seek(0)
            file.write(_other_bytes(content))

    def _rewrite_same_time(self, step: Step) -> None:
        """Other bytes of the same number, and the time put back, as ``touch -r`` does."""
        path = self._file(step)
        before = os.lstat(path)
        if not stat.S_ISREG(before.st_mode):
            return
        with open(path, "r+b") as file:
            content = file.read()
            file.seek(0)
            file.write(_other_bytes(content))
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    def _chmod(self, step: Step) -> None:
        os.chmod(
            self._not_symlink(step), (0o700, 0o755, 0o644, 0o600, 0o4755, 0o1777)[step.number % 6]
        )

    def _chmod_root(self, step: Step) -> None:
        os.chmod(self.root, (0o700, 0o755, 0o711)[step.number % 3])

    def _chown(self, step: Step) -> None:
        uid = step.number % 5 if os.geteuid() == 0 else -1
        os.chown(self._any(step), uid, uid, follow_symlinks=False)

    def _utime(self, step: Step) -> None:
        moment = _OLDEST_NS + step.number * 123_456_789
        os.utime(self._any(step), ns=(moment, moment), follow_symlinks=False)

    def _utime_root(self, step: Step) -> None:
        moment = _OLDEST_NS + step.number * 123_456_789
        os.utime(self.root, ns=(moment, moment))

    def _mkdir(self, step: Step) -> None:
        os.mkdir(self._free(step.path))

    def _make_chain(self, step: Step) -> None:
        """``mkdir -p`` and at once files in every directory of it."""
        top = self._at(step.path)
        for directory in (top, top + b"/sub", top + b"/sub/dir"):
            os.makedirs(directory, exist_ok=True)
            with open(directory + b"/f.txt", "wb", opener=_never_waiting) as file:
                file.write(_bytes(step))

    def _remove(self, step: Step) -> None:
        os.unlink(self._leaf(step))

    def _rmdir(self, step: Step) -> None:
        os.rmdir(self._directory(step))

    def _remove_tree(self, step: Step) -> None:
        shutil.rmtree(self._directory(step))

    def _remake_tree(self, step: Step) -> None:
        """The same files again, of the same sizes and times, with other bytes.

        As when a release is removed and the next one unpacked, from a reproducible archive.
        """
        top = self._directory(step)
        files = [
            os.path.join(directory, name) for directory, _, names in os.walk(top) for name in names
        ]
        before = {path: os.lstat(path) for path in files}
        content = {
            path: _other_bytes(Path(os.fsdecode(path)).read_bytes())
            for path, status in before.items()
            if stat.S_ISREG(status.st_mode)
        }
        shutil.rmtree(top)
        for path, fresh in content.items():
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb", opener=_never_waiting) as file:
                file.write(fresh)
            os.utime(path, ns=(before[path].st_atime_ns, before[path].st_mtime_ns))

    def _remake_file(self, step: Step) -> None:
        """The same for one file."""
        path = self._file(step)
        before = os.lstat(path)
        content = _other_bytes(Path(os.fsdecode(path)).read_bytes())
        os.unlink(path)
        with open(path, "wb", opener=_never_waiting) as file:
            file.write(content)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    def _rename(self, step: Step) -> None:
        os.rename(self._any(step), self._place(step.other))

    def _exchange(self, step: Step) -> None:
        exchange(self._any(step), self._near(step))

    def _move_out(self, step: Step) -> None:
        os.rename(self._any(step), os.path.join(self.outside, b"%d" % len(self.done)))

    def _move_in(self, step: Step) -> None:
        """Bring back what was moved out, or a new directory that was filled outside."""
        there = sorted(os.listdir(self.outside))
        if there and step.number % 2:
            moved = os.path.join(self.outside, there[step.number % len(there)])
        else:
            moved = os.path.join(self.outside, b"new")
            os.makedirs(moved + b"/sub/dir")
            for directory in (moved, moved + b"/sub", moved + b"/sub/dir"):
                with open(directory + b"/b", "wb", opener=_never_waiting) as file:
                    file.write(_bytes(step))
        try:
            os.rename(moved, self._free(step.path))
        finally:
            shutil.rmtree(os.path.join(self.outside, b"new"), ignore_errors=True)

    def _symlink(self, step: Step) -> None:
        os.symlink(step.other, self._free(step.path))

    def _hard_link(self, step: Step) -> None:
        """One more name, and a change by the old one: the kernel does not tell that it has two."""
        old = self._leaf(step)
        os.link(old, self._free(step.other), follow_symlinks=False)
        if not os.path.islink(old):
            os.chmod(old, 0o640)

    def _fifo(self, step: Step) -> None:
        os.mkfifo(self._free(step.path), 0o640)

    def _device(self, step: Step) -> None:
        if os.geteuid() == 0:
            os.mknod(
                self._free(step.path), stat.S_IFCHR | 0o600, os.makedev(1, 3 + step.number % 5)
            )

    def _become_file(self, step: Step) -> None:
        self._clear(step.path)
        self._create(step)

    def _become_directory(self, step: Step) -> None:
        self._clear(step.path)
        self._make_chain(step)

    def _become_symlink(self, step: Step) -> None:
        self._clear(step.path)
        self._symlink(step)

    # Which paths.

    def _any(self, step: Step) -> bytes:
        """Return the path of the step if it is there, else any other that is."""
        return self._such(step, lambda _: True)

    def _leaf(self, step: Step) -> bytes:
        return self._such(step, lambda entry: not stat.S_ISDIR(entry.st_mode))

    def _file(self, step: Step) -> bytes:
        return self._such(step, lambda entry: stat.S_ISREG(entry.st_mode))

    def _directory(self, step: Step) -> bytes:
        return self._such(step, lambda entry: stat.S_ISDIR(entry.st_mode))

    def _not_symlink(self, step: Step) -> bytes:
        return self._such(step, lambda entry: not stat.S_ISLNK(entry.st_mode))

    def _near(self, step: Step) -> bytes:
        """Return another path that is there, for what takes two."""
        return self._any(Step(step.kind, step.other, step.path, step.number // 7))

    def _such(self, step: Step, fits: Callable[[os.stat_result], bool]) -> bytes:
        with contextlib.suppress(OSError):
            if fits(os.lstat(self._at(step.path))):
                return self._at(step.path)
        there = [
            path
            for directory, below, files in os.walk(self.root)
            for path in (os.path.join(directory, name) for name in sorted(below + files))
            if os.path.basename(path) not in _OURS and fits(os.lstat(path))
        ]
        if not there:
            raise FileNotFoundError(step.path)
        chosen = there[step.number % len(there)]
        self.told[-1] += f" at {_short(chosen[len(self.root) :])!r}"
        return chosen

    def _clear(self, path: bytes) -> None:
        at = self._at(path)
        if os.path.isdir(at) and not os.path.islink(at):
            shutil.rmtree(at)
        elif os.path.lexists(at):
            os.unlink(at)

    def _at(self, path: bytes) -> bytes:
        """Return where *path* is. Nothing is changed by way of a symlink that leads elsewhere."""
        at = os.path.join(self.root, path)
        if os.path.realpath(os.path.dirname(at)) != os.path.dirname(at):
            raise OSError("not by way of a symlink")
        return at

    def _free(self, path: bytes) -> bytes:
        """Return a place for something new: where *path* is, or beside it."""
        at = self._place(path)
        return at + b"-%d" % len(self.done) if os.path.lexists(at) else at

    def _place(self, path: bytes) -> bytes:
        """Return where *path* is, with the directories above it made."""
        at = self._at(path)
        os.makedirs(os.path.dirname(at), exist_ok=True)
        return at


def _never_waiting(path: str | bytes, flags: int) -> int:
    """Open *path*; a FIFO that nobody reads is an error instead of an endless wait."""
    return os.open(path, flags | os.O_NONBLOCK, 0o666)


def _short(path: bytes) -> bytes:
    return path.replace(b"long" * 60, b"long...")


def _bytes(step: Step) -> bytes:
    return (b"%d " % step.number) * (1 + step.number % 40) ** 2


def _other_bytes(content: bytes) -> bytes:
    return bytes(255 - byte for byte in content)


KINDS: Final = (
    *(4 * ("create",)),
    *(3 * ("rename", "make_chain", "remove_tree")),
    *(2 * ("append", "replace", "rewrite_same_size", "chmod", "mkdir", "remove", "exchange")),
    *("write_in_place", "truncate", "rewrite_same_time", "remake_tree", "remake_file"),
    *("chmod_root", "chown", "utime"),
    *("utime_root", "rmdir", "move_out", "move_in", "move_in", "symlink", "fifo"),
    *("hard_link", "hard_link", "device", "become_file", "become_directory", "become_symlink"),
)
"""What can be done; what is done more often, more often."""


def random_step(chance: random.Random, names: Sequence[bytes] = NAMES) -> Step:
    """Return a change made up by *chance*, with paths of one to three *names*."""

    def path() -> bytes:
        some = (
            chance.choice(names[:5] if chance.random() < 0.67 else names)
            for _ in range(chance.randint(1, 3))
        )
        return b"/".join(some)

    return Step(chance.choice(KINDS), path(), path(), chance.randrange(2**16))
