"""Source and target compared by a dry run of its own, beside whatever is carried.

It shares nothing with the transfers: not their lanes, not their spares, not their thread. It is
an rsync with little claim on the processor (nice(1)), it changes nothing, and it takes one
connection for as long as it lasts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sersync.linux.child import Child
from sersync.linux.children import Children
from sersync.linux.wake import Wake
from sersync.model.batch import Reason, Stage, Verdict
from sersync.model.capabilities import Capabilities
from sersync.model.difference import Comparison, Difference
from sersync.model.difference import Kind as Differs
from sersync.model.dirty import Scope
from sersync.model.path import RelPath
from sersync.model.target import Target
from sersync.transfer.active import judge_child, listing, new_token
from sersync.transfer.batch import Run
from sersync.transfer.command import Deletes, Kind
from sersync.transfer.launch import Launcher, not_started
from sersync.transfer.output import Item, parse_items
from sersync.transfer.unit import spell, spell_level

_NICE: Final = 10
_WORDS: Final = {
    "c": "content",
    "s": "size",
    "t": "time",
    "T": "time",
    "p": "permissions",
    "o": "owner",
    "g": "group",
    "a": "acl",
    "x": "attributes",
}
"""What the letters of an item say (rsync(1), under ``--itemize-changes``)."""
_NO_ANSWER: Final = "the target gave no answer within {:.0f} s"


@dataclass(frozen=True, slots=True, kw_only=True)
class _How:
    """How one comparison is made, and for how long. *until* is on the monotonic clock."""

    extra: tuple[bytes, ...]
    deadline_s: float
    until: float
    is_stopping: Callable[[], bool]


class RsyncComparer:
    """Compares paths of *root* with *target*. For any thread; every call is one rsync."""

    def __init__(
        self,
        target: Target,
        root: bytes,
        *,
        rsh: str = "",
        capabilities: Callable[[], Capabilities],
        protected: Callable[[], frozenset[RelPath]],
    ) -> None:
        """*capabilities*: what was found out about the target by now."""
        self._target = target
        self._root = root
        self._rsh = rsh
        self._capabilities = capabilities
        self._protected = protected

    def compare(
        self,
        paths: Sequence[tuple[RelPath, Scope]],
        *,
        deadline_s: float,
        checksum: bool = False,
        sees_newer: bool = False,
        is_stopping: Callable[[], bool] = lambda: False,
    ) -> Comparison:
        """Return how entries and levels (no trees) differ now.

        *checksum*: files are read on both sides, however alike they look. *sees_newer*: what the
        target's options leave alone since the target's is newer (``-u``) is told too. What takes
        longer than *deadline_s* is ended, and so it is when *is_stopping* says so.
        """
        how = _How(
            extra=(b"--checksum",) if checksum else (),
            deadline_s=deadline_s,
            until=time.monotonic() + deadline_s,
            is_stopping=is_stopping,
        )
        options = self._target.options
        if not (sees_newer and options.leaves_newer):
            return self._shown(self._target, paths, how)
        shown = self._shown(replace(self._target, options=options.without_update()), paths, how)
        changed = [each.path for each in shown.differences if each.kind is Differs.CHANGED]
        if not changed:
            return shown
        # What differs, but not for a transfer, is what a transfer leaves.
        carried = self._shown(self._target, [(each, Scope.ENTRY) for each in changed], how)
        if carried.failed is not None:
            return carried
        left = set(changed).difference(each.path for each in carried.differences)
        differences = (replace(each, newer=each.path in left) for each in shown.differences)
        return replace(shown, differences=tuple(differences))

    def _shown(
        self, target: Target, paths: Sequence[tuple[RelPath, Scope]], how: _How
    ) -> Comparison:
        """Return how *paths* differ for one dry run with the options of *target*."""
        launcher = Launcher(target, self._root, rsh=self._rsh, niceness=_NICE)
        launcher.protect(self._protected())
        token = new_token()
        try:
            child, code = self._ran(launcher, paths, [*listing(token), *how.extra], how)
        except OSError as error:
            return Comparison(failed=not_started(error))
        if code is None:
            return Comparison(failed=Reason(message=_NO_ANSWER.format(how.deadline_s)))
        judgement = judge_child(child, code, self._target, self._root)
        if judgement.verdict not in (Verdict.DONE, Verdict.PARTIAL):
            message = f"rsync failed with exit code {code}"
            return Comparison(failed=judgement.reason or Reason(message=message))
        if child.stdout.has_gap:
            return Comparison(failed=Reason(message="more differs than can be read"))
        excludes = launcher.target.filters.excludes
        differences = (
            _difference(item)
            for item in parse_items(child.stdout.text, token)
            if not excludes(item.path, is_dir=item.is_dir)
        )
        return Comparison(
            differences=tuple(each for each in differences if each is not None),
            unread=tuple(e.path for e in judgement.problems if e.stage is Stage.READ),
        )

    def _ran(
        self,
        launcher: Launcher,
        paths: Sequence[tuple[RelPath, Scope]],
        extra: Sequence[bytes],
        how: _How,
    ) -> tuple[Child, int | None]:
        """Return the dry run of *paths*, and how it ended; None if it had not in time."""
        # Large files are part of it: no lane keeps them out of the way of others here.
        recipe = launcher.recipe(Kind.LARGE, self._capabilities(), max_delete=None)
        names = [spell(p) if scope is Scope.ENTRY else spell_level(p) for p, scope in paths]
        run = Run(Kind.LARGE, names=names, list_bytes=sum(map(len, names)) + len(names))
        wake = Wake()
        children = Children(wake)
        try:
            # What is excluded is sorted out afterwards, also where rsync cannot do that.
            recipe = replace(recipe, deletes=Deletes.LISTED, bandwidth_kib_s=0)
            child, fed = launcher.run(run, recipe, extra, reads_all=True)
            children.add(child)
            children.feed(child, fed)
            return child, _wait(children, how)
        finally:
            children.close()
            wake.close()


def _wait(children: Children, how: _How) -> int | None:
    """Return how the only child has ended; None if it has not in time."""
    while (left_s := how.until - time.monotonic()) > 0 and not how.is_stopping():
        for _, code in children.wait(min(left_s, 0.5)):
            return code
    return None


def _difference(item: Item) -> Difference | None:
    if item.deleted:
        return Difference(path=item.path, kind=Differs.STRANGE)
    flags = item.flags[2:]
    if flags.startswith("+"):
        return Difference(path=item.path, kind=Differs.ABSENT)
    how = tuple(dict.fromkeys(_WORDS[each] for each in flags if each in _WORDS))
    if item.flags.startswith(("c", "h")) and not how:
        # A symlink that leads elsewhere, or another kind of thing.
        how = ("kind",)
    return Difference(path=item.path, kind=Differs.CHANGED, how=how) if how else None
