"""A tree, its kernel, a target and a state file in memory: time moves by a test's hand alone."""

from __future__ import annotations

import copy
import stat
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, field

from sersync.model.checkpoint import Moment
from sersync.model.dirty import Scope
from sersync.model.manifest import DIRECTORY, Row, pack
from sersync.model.path import ROOT, RelPath, ancestors, is_within, join, name, parent
from sersync.model.report import Desync, DesyncReason, NewTree, Report, Suspect, Touched
from sersync.watch.level import RIPE_AFTER_NS, Level, Place

FILE = stat.S_IFREG >> 12


class Time:
    """Both clocks, in steps. Changes within a second get the same time, as on coarse systems."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return self.now

    def tick_ns(self) -> int:
        self.now += 0.001
        return int(self.now) * 10**9


@dataclass
class Node:
    """A file with its content, or a directory when *entries* is not None."""

    inode: int
    changed_ns: int
    content: int = 0
    mode: int = 0
    entries: dict[bytes, Node] | None = None

    @property
    def is_directory(self) -> bool:
        return self.entries is not None

    def shape(self) -> object:
        """Return all that a target is to have."""
        if self.entries is None:
            return (self.content, self.mode)
        return (self.mode, {name: node.shape() for name, node in self.entries.items()})


class Tree:
    """A source. What is done to it is told to *told*, as a watcher would."""

    def __init__(self, time: Time) -> None:
        self._time = time
        self._inodes = 1
        self.is_watched = False
        self.told: list[Report] = []
        self.root = Node(1, time.tick_ns(), entries={})

    def at(self, path: RelPath) -> Node | None:
        node: Node | None = self.root
        for part in path.split(b"/") if path else []:
            if node is None or node.entries is None:
                return None
            node = node.entries.get(part)
        return node

    def directories(self) -> list[RelPath]:
        return [path for path, node in self.walk() if node.is_directory]

    def files(self) -> list[RelPath]:
        return [path for path, node in self.walk() if not node.is_directory]

    def walk(self, top: RelPath = ROOT) -> Iterable[tuple[RelPath, Node]]:
        node = self.at(top)
        if node is None:
            return
        yield top, node
        for entry in list(node.entries or ()):
            yield from self.walk(join(top, entry))

    def write(self, path: RelPath, content: int) -> None:
        directory = self._entries(parent(path))
        old = directory.get(name(path))
        if old is not None and old.is_directory:
            return
        if old is None:
            self._inodes += 1
            directory[name(path)] = Node(self._inodes, self._time.tick_ns(), content)
            self._changed(parent(path))
        else:
            old.content, old.changed_ns = content, self._time.tick_ns()
        self._tell(Touched(path, content=True, created=old is None))

    def chmod(self, path: RelPath, mode: int) -> None:
        node = self.at(path)
        if node is not None:
            node.mode, node.changed_ns = mode, self._time.tick_ns()
            self._tell(Touched(path, is_dir=node.is_directory))

    def mkdir(self, path: RelPath) -> None:
        directory = self._entries(parent(path))
        if name(path) not in directory:
            self._inodes += 1
            directory[name(path)] = Node(self._inodes, self._time.tick_ns(), entries={})
            self._changed(parent(path))
            self._tell(NewTree(path))

    def remove(self, path: RelPath) -> None:
        for each, node in reversed(list(self.walk(path))):
            if not each:
                return
            del self._entries(parent(each))[name(each)]
            self._changed(parent(each))
            self._tell(_gone(each, node))

    def rename(self, old: RelPath, new: RelPath) -> None:
        node, there = self.at(old), self.at(new)
        if node is None or is_within(new, old) or not old or not new:
            return
        if there is not None and (there.entries or there.is_directory != node.is_directory):
            return
        above = self.at(parent(new))
        if above is None or above.entries is None:
            return
        del self._entries(parent(old))[name(old)]
        above.entries[name(new)] = node
        node.changed_ns = self._time.tick_ns()
        self._changed(parent(old))
        self._changed(parent(new))
        self._tell(_gone(old, node))
        if there is not None:
            self._tell(_gone(new, there))
        self._tell(NewTree(new) if node.is_directory else Touched(new, content=True, created=True))

    def overflow(self) -> None:
        """Let what was told and not read be lost."""
        if self.is_watched and self.told:
            self.told = [Desync(subtree=ROOT, reason=DesyncReason.OVERFLOW)]

    def _entries(self, directory: RelPath) -> dict[bytes, Node]:
        node = self.at(directory)
        assert node is not None
        assert node.entries is not None
        return node.entries

    def _changed(self, directory: RelPath) -> None:
        node = self.at(directory)
        assert node is not None
        node.changed_ns = self._time.tick_ns()

    def _tell(self, report: Report) -> None:
        if self.is_watched:
            self.told.append(report)

    # As watch.level.Levels.

    def read(self, directory: RelPath) -> Level:
        node = self.at(directory)
        if node is None:
            raise FileNotFoundError(directory)
        if node.entries is None:
            raise NotADirectoryError(directory)
        entries = [
            (key, DIRECTORY, each.inode, 0)
            if each.is_directory
            else (key, FILE, each.inode, each.changed_ns)
            for key, each in node.entries.items()
        ]
        newest = max((node.changed_ns, *(entry[3] for entry in entries)))
        return Level(
            place=self.place(directory),
            changed_ns=node.changed_ns,
            ripe_at_ns=newest + RIPE_AFTER_NS,
            directories=sorted(key for key, each in node.entries.items() if each.is_directory),
            blob=pack(entries),
            entries=len(entries),
        )

    def place(self, directory: RelPath) -> Place:
        node = self.at(directory)
        if node is None:
            raise FileNotFoundError(directory)
        return Place(inode=node.inode, device=1, filesystem_id=1)


def _gone(path: RelPath, node: Node) -> Touched:
    return Touched(path, is_dir=node.is_directory, was_directory=node.is_directory)


class Target:
    """A copy that is made current a path at a time, as runs of rsync make it."""

    def __init__(self) -> None:
        self.root = Node(0, 0, entries={})

    def carry(self, tree: Tree, path: RelPath, scope: Scope) -> None:
        """Look at *path* in *tree*, and do what a run would do for it."""
        for above in [*ancestors(path)][::-1]:
            there = tree.at(above)
            if there is None or not there.is_directory:
                path, scope = above, Scope.ENTRY
                break
            self._put(above, there)
        node = tree.at(path)
        if node is None:
            self._drop(path)
            return
        self._put(path, node)
        if node.entries is None or scope is Scope.ENTRY:
            return
        copied = self._at(path)
        assert copied.entries is not None
        for entry in [each for each in copied.entries if each not in node.entries]:
            del copied.entries[entry]
        for entry, below in node.entries.items():
            self._put(join(path, entry), below)
            if scope is Scope.TREE and below.is_directory:
                self.carry(tree, join(path, entry), Scope.TREE)

    def _put(self, path: RelPath, node: Node) -> None:
        if not path:
            self.root.mode = node.mode
            return
        entries = self._at(parent(path)).entries
        assert entries is not None
        old = entries.get(name(path))
        if old is None or old.is_directory != node.is_directory:
            old = entries[name(path)] = Node(0, 0, entries={} if node.is_directory else None)
        old.content, old.mode = node.content, node.mode

    def _drop(self, path: RelPath) -> None:
        if path:
            entries = self._at(parent(path)).entries
            assert entries is not None
            entries.pop(name(path), None)

    def _at(self, path: RelPath) -> Node:
        node = self.root
        for part in path.split(b"/") if path else []:
            assert node.entries is not None
            node = node.entries[part]
        return node


@dataclass
class Stored:
    """What one state file holds: the log of what a target has yet to get, and the rows."""

    dirty: dict[RelPath, Scope] = field(default_factory=dict)
    rows_of: dict[RelPath, Row] = field(default_factory=dict)


class File:
    """A state file: what is stored in it outlives a crash, and nothing else does."""

    def __init__(self) -> None:
        self.stored = Stored()
        self.dirty: dict[RelPath, Scope] = {}
        """What is pending in the daemon that runs now."""

    # As replication.ports.Manifest.

    def rows(self, subtree: RelPath) -> Generator[Row]:
        known = sorted(self.stored.rows_of, key=lambda each: each.split(b"/") if each else [])
        for path in known:
            if is_within(path, subtree) and path in self.stored.rows_of:
                yield self.stored.rows_of[path]

    def count(self) -> tuple[int, int]:
        return len(self.stored.rows_of), 0

    def void(self, subtrees: Sequence[RelPath], moment: Moment) -> None:
        for path in list(self.stored.rows_of):
            if any(is_within(path, each) for each in subtrees):
                del self.stored.rows_of[path]

    def commit(self, *, rows: Sequence[Row] = (), voided: Sequence[RelPath] = ()) -> bool:
        self.void(voided, Moment(monotonic_s=0.0, wall_s=0.0))
        self.stored.rows_of.update((row.directory, row) for row in rows)
        self.stored.dirty = dict(self.dirty)
        return True

    def put(self, reports: Iterable[Report]) -> None:
        """Mark what *reports* name, as the mailbox does."""
        for report in reports:
            match report:
                case NewTree(path):
                    self._mark(path, Scope.TREE)
                case Suspect(path, scope):
                    self._mark(path, scope)
                case Touched(path):
                    self._mark(path, Scope.ENTRY)
                case _:
                    raise AssertionError(f"nobody puts {report} into the log")

    def _mark(self, path: RelPath, scope: Scope) -> None:
        self.dirty[path] = max(scope, self.dirty.pop(path, Scope.ENTRY))

    def crashed(self) -> Stored:
        """Return what is left for the next start."""
        self.stored = copy.deepcopy(self.stored)
        self.dirty = dict(self.stored.dirty)
        return self.stored
