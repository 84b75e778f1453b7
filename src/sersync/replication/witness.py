"""Whether a target still holds what was carried to it: a few directories, now and then.

A disk that was swapped for an older copy, or restored, or written to by others, tells nobody. A
dry run of the root's level and a few directories does; it holds nothing, takes no lane, and is
made again before it is believed, since the source goes on changing meanwhile.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sersync.model.batch import Findings, Outcome, Stage
from sersync.model.dirty import DirtyPath, Scope
from sersync.model.path import ROOT, RelPath, display, parent
from sersync.model.status import WitnessStatus
from sersync.model.target import Target
from sersync.replication.evidence import unexplained, with_parents
from sersync.replication.ports import Transport
from sersync.replication.quarantine import Quarantine
from sersync.replication.surroundings import Surroundings

log: Final = logging.getLogger("sersync.worker")

_SOON_S: Final = 1.0
_AGAIN_S: Final = 3.0
_YOUNG_S: Final = 10.0
"""What changed so recently at the source is no evidence: its report may not have been read."""
_FAILED_S: Final = 60.0
"""When it is looked again at the latest where that could not be done."""
_BY_CHANCE: Final = 3
_MOST_RECENT: Final = 4
_MOST_AGAIN: Final = 8
_MOST_LOOKS: Final = 4
"""How often in a row what is in doubt is looked at before that is left to the next time."""
_MOST_DIRTY: Final = 10_000
_MOST_KNOWN: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    at: float
    differing: int = 0
    first: RelPath = ROOT


class Witness:
    """Looks at one target. Owned by the worker's thread; ``status`` is for any."""

    def __init__(
        self,
        target: Target,
        transport: Transport,
        around: Surroundings,
        *,
        quarantine: Quarantine,
    ) -> None:
        self._target = target
        self._transport = transport
        self._around = around
        self._quarantine = quarantine
        options = target.options
        is_meaningful = options.times and not options.own_compare and not target.baseline
        is_meaningful = is_meaningful and around.is_all_carried
        self._every_s = target.witness_every_s if is_meaningful else 0.0
        self._due_at = float("inf")
        self._number: int | None = None
        self._looks = 0
        self._doubted: frozenset[RelPath] = frozenset()
        self._touched: set[RelPath] = set()
        self._recent: dict[RelPath, None] = {}
        self._known: dict[RelPath, None] = {}
        """What differs although it was compared: no evidence of anything."""
        self._is_compared = False
        self._seen: _Seen | None = None
        self._found = 0

    def status(self, now: float) -> WitnessStatus | None:
        """Return what was seen last; None: nothing yet, or nobody looks. For any thread."""
        seen = self._seen
        if seen is None:
            return None
        return WitnessStatus(
            looked_s_ago=now - seen.at,
            differing=seen.differing,
            first=display(seen.first),
            found=self._found,
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """What an operator should know of it now. For any thread."""
        seen = self._seen
        if seen is None or not seen.differing:
            return ()
        where = display(seen.first) or "the root"
        note = (
            f"{where} was not what had been carried there: others have changed the target, or an"
            " older copy stands there; everything is compared again"
        )
        return (note,)

    @property
    def recent(self) -> tuple[RelPath, ...]:
        """The directories that something was carried to last: there an older copy differs."""
        return tuple(self._recent)

    def recall(self, recent: Iterable[RelPath]) -> None:
        """Begin with what ``recent`` was at the end of an earlier daemon."""
        self._recent = dict.fromkeys(recent)

    def look_soon(self, now: float) -> None:
        """Look in a moment: the target is connected, again perhaps."""
        if self._every_s and self._number is None:
            self._due_at = min(self._due_at, now + _SOON_S)

    def was_compared(self, now: float) -> None:
        """Take note that everything was compared: what still differs will do so for ever."""
        self._is_compared = self._seen is not None and bool(self._seen.differing)
        self._end()
        self._due_at = now + self._every_s if self._every_s else float("inf")
        self.look_soon(now)

    def settle(self, outcome: Outcome) -> None:
        """Take note of what was carried, and what the target will never take."""
        self._know(each.path for each in outcome.problems if each.stage is Stage.REFUSED)
        paths = [each.path for each in outcome.paths if each.sequence >= 0]
        for each in outcome.paths:
            if each.sequence >= 0:
                place = parent(each.path) if each.scope is Scope.ENTRY else each.path
                self._recent.pop(place, None)
                self._recent[place] = None
        while len(self._recent) > _MOST_RECENT:
            del self._recent[next(iter(self._recent))]
        if self._looks:
            self._touched.update(with_parents(paths))

    def tend(self, now: float) -> None:
        """Look, if it is time for that; nothing else is to be counted now."""
        if self._number is not None and not self._transport.is_counting:
            self.drop(now)
        if now < self._due_at or self._transport.is_counting:
            return
        sample = self._around.sample
        places = [ROOT, *reversed(self._recent), *sample.directories(_BY_CHANCE)]
        if self._doubted:
            places = sorted({each if not each else parent(each) for each in self._doubted})
            places = places[:_MOST_AGAIN]
        levels = [
            DirtyPath(path=each, scope=Scope.LEVEL, sequence=-1, first_seen=now, scheduled=True)
            for each in dict.fromkeys(places)
            if sample.is_small(each)
        ]
        self._due_at = float("inf")
        self._looks += 1
        self._number = self._transport.examine(levels, lists=True)

    def owns(self, outcome: Outcome) -> bool:
        """Tell whether *outcome* is that of a look of ours."""
        return outcome.findings is not None and outcome.findings.number == self._number

    def drop(self, now: float) -> None:
        """Make nothing of what was begun; look again later."""
        self._end()
        self._due_at = now + min(self._every_s, _FAILED_S)

    def saw(self, findings: Findings, now: float) -> bool:
        """Take in what was found; tell whether the target is not what it was."""
        self._number = None
        if findings.failed is not None:
            self.drop(now)
            return False
        evidence = self._evidence(findings.differing)
        young = {each for each in evidence if self._is_young(each)}
        sure = (evidence & self._doubted) - young
        if evidence and not sure and self._looks < _MOST_LOOKS:
            self._doubted = evidence
            self._due_at = now + (_AGAIN_S if evidence - young else _YOUNG_S)
            return False
        self._end()
        self._due_at = now + self._every_s
        if sure:
            return self._conclude(sure, now)
        if not evidence:
            self._is_compared = False
            self._seen = _Seen(at=now)
        return False

    def _is_young(self, path: RelPath) -> bool:
        return self._around.sample.is_young(path, within_s=_YOUNG_S)

    def _conclude(self, sure: frozenset[RelPath], now: float) -> bool:
        first, more = min(sure), len(sure) - 1
        others = f" and {more} more {'path' if more == 1 else 'paths'}" if more else ""
        what = f"{display(first) if first else 'the root'}{others}"
        if self._is_compared:
            self._know(sure)
            self._is_compared = False
            self._seen = _Seen(at=now)
            log.info(
                "%s: %s: still other than at the source after everything was compared; it does"
                " not count as a sign of another disk any more",
                self._target.name,
                what,
            )
            return False
        self._found += 1
        self._seen = _Seen(at=now, differing=len(sure), first=first)
        log.warning(
            "%s: %s: not what was carried there. Others have changed the target, or an older copy"
            " of it stands there. Everything is compared with it again",
            self._target.name,
            what,
        )
        return True

    def _evidence(self, differing: frozenset[RelPath]) -> frozenset[RelPath]:
        """Return what of *differing* no change of the source explains, and no failure."""
        if not differing:
            return differing
        dirty = self._around.mailbox.dirty(self._target.name, _MOST_DIRTY)
        if len(dirty) >= _MOST_DIRTY:
            return frozenset()
        return unexplained(
            differing, dirty=dirty, failing=self._quarantine.paths, touched=self._touched
        ).difference(self._known)

    def _know(self, paths: Iterable[RelPath]) -> None:
        for path in paths:
            if len(self._known) < _MOST_KNOWN:
                self._known[path] = None

    def _end(self) -> None:
        self._number = None
        self._looks = 0
        self._doubted = frozenset()
        self._touched.clear()
