"""Whatever is asked of the changelog in whatever order: no report is lost, none is older or younger
than it claims. The model is naive: it keeps every report, per target, until it was carried.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sersync.changelog.glimpse import Oldest
from sersync.changelog.log import Changelog
from sersync.model.dirty import DirtyPath, Scope
from sersync.model.path import ROOT, RelPath, is_within

PATHS = [
    ROOT,
    *map(RelPath, (b"a", b"b", b"d", b"d/x", b"d/y", b"d/e", b"d/e/z", b"dx")),
]
TARGETS = ("one", "two", "three")
FOREVER = 1e9


@dataclass
class Report:
    """One mark as one target has to be told about it."""

    number: int
    path: RelPath
    scope: Scope
    at: float
    floor: float
    """When its target had last come to the end of the log: so old it may look, and no older."""
    not_before: float
    content: bool


@dataclass
class Seen:
    """What a target has not got yet, by where it is."""

    waiting: list[Report] = field(default_factory=list)
    flying: dict[RelPath, tuple[DirtyPath, list[Report]]] = field(default_factory=dict)
    taken_at: float = 0.0

    def reports(self) -> list[Report]:
        return [*self.waiting, *(each for _, flying in self.flying.values() for each in flying)]


def oldest_of(reports: list[Report]) -> float:
    return min(each.at for each in reports)


class ChangelogMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.log = Changelog(["one"])
        self.model = {"one": Seen()}
        self.now = 1.0
        self.number = 0
        self.oldest = {name: Oldest() for name in TARGETS}
        self.looks = 0.0

    def known(self, draw: st.DataObject) -> str:
        return draw.draw(st.sampled_from(sorted(self.model)))

    @rule(seconds=st.integers(min_value=1, max_value=20))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds

    @rule(name=st.sampled_from(TARGETS))
    def a_target_comes_or_goes(self, name: str) -> None:
        if name in self.model:
            self.log.remove_target(name)
            del self.model[name]
        else:
            self.log.add_target(name, now=self.now)
            self.model[name] = Seen(taken_at=self.now)

    @rule(
        path=st.sampled_from(PATHS),
        scope=st.sampled_from(Scope),
        hold=st.sampled_from([0.0, 0.0, 5.0, 30.0]),
        content=st.booleans(),
        created=st.booleans(),
    )
    def mark(self, path: RelPath, scope: Scope, hold: float, content: bool, created: bool) -> None:
        not_before = self.now + hold if hold else 0.0
        self.log.mark(
            path, scope, now=self.now, not_before=not_before, content=content, created=created
        )
        for seen in self.model.values():
            self.report(seen, path, scope, not_before, content)

    @precondition(lambda self: self.model)
    @rule(
        draw=st.data(),
        path=st.sampled_from(PATHS),
        scope=st.sampled_from(Scope),
        hold=st.sampled_from([0.0, 30.0]),
    )
    def add(self, draw: st.DataObject, path: RelPath, scope: Scope, hold: float) -> None:
        name = self.known(draw)
        not_before = self.now + hold if hold else 0.0
        self.log.add(name, path, scope, now=self.now, not_before=not_before)
        self.report(self.model[name], path, scope, not_before, False)

    def report(
        self, seen: Seen, path: RelPath, scope: Scope, not_before: float, content: bool
    ) -> None:
        self.number += 1
        seen.waiting.append(
            Report(
                number=self.number,
                path=path,
                scope=scope,
                at=self.now,
                floor=seen.taken_at,
                not_before=not_before,
                content=content,
            )
        )

    @precondition(lambda self: self.model)
    @rule(draw=st.data())
    def take(self, draw: st.DataObject) -> None:
        self.take_for(self.known(draw))

    def take_for(self, name: str) -> list[DirtyPath]:
        seen = self.model[name]
        taken = self.log.take(name, now=self.now)
        by_path = {entry.path: entry for entry in taken}
        assert len(by_path) == len(taken), "each path at most once"
        assert not by_path.keys() & seen.flying.keys(), "what is in flight is not taken again"
        trees = sorted(entry.path for entry in taken if entry.scope is Scope.TREE)
        left = {entry.path for entry in self.log.paths(name, 10_000)} - by_path.keys()
        carried: dict[RelPath, list[Report]] = {path: [] for path in by_path}
        still = []
        for report in seen.waiting:
            cover = next((tree for tree in trees if is_within(report.path, tree)), None)
            if report.path in by_path:
                carried[report.path].append(report)
            elif report.path not in left and cover is not None:
                carried[cover].append(report)
            else:
                still.append(report)
        for path, reports in carried.items():
            self.judge_taken(by_path[path], reports)
        seen.waiting = still
        seen.taken_at = self.now
        for path, reports in carried.items():
            seen.flying[path] = (by_path[path], reports)
        return taken

    def judge_taken(self, entry: DirtyPath, reports: list[Report]) -> None:
        assert reports, "nothing is taken that nobody reported"
        own = [report for report in reports if report.path == entry.path]
        assert min(report.not_before for report in own) <= self.now, "holds are obeyed"
        assert entry.scope >= max(report.scope for report in own)
        assert entry.content or not any(report.content for report in own)
        assert min(each.floor for each in reports) <= entry.first_seen <= oldest_of(reports)

    @precondition(lambda self: any(seen.flying for seen in self.model.values()))
    @rule(draw=st.data(), how=st.sampled_from(["settle", "put_back", "fail", "defer"]))
    def a_run_ends(self, draw: st.DataObject, how: str) -> None:
        name = draw.draw(st.sampled_from([n for n in sorted(self.model) if self.model[n].flying]))
        seen = self.model[name]
        chosen = draw.draw(st.sets(st.sampled_from(sorted(seen.flying)), min_size=1))
        paths = [seen.flying[path][0] for path in sorted(chosen)]
        if how == "settle":
            self.log.settle(name, paths)
        elif how == "defer":
            self.log.defer(name, paths)
        else:
            not_before = self.now + 10.0 if how == "fail" else 0.0
            self.log.put_back(name, paths, not_before=not_before, failed=how == "fail")
        for path in chosen:
            entry, reports = seen.flying.pop(path)
            if how == "settle":
                continue
            # What a TREE covered comes back as that TREE.
            for report in reports:
                if how == "fail":
                    report.not_before = self.now + 10.0
                elif how == "put_back":
                    report.not_before = 0.0
                report.path, report.scope = path, entry.scope
                report.content = report.content and entry.content
            seen.waiting += reports

    @precondition(lambda self: self.model)
    @rule(draw=st.data())
    def release(self, draw: st.DataObject) -> None:
        name = self.known(draw)
        self.log.release(name)

    @invariant()
    def every_report_is_dirty_and_nothing_else(self) -> None:
        for name, seen in self.model.items():
            waiting = {report.path for report in seen.waiting}
            shown = {entry.path for entry in self.log.paths(name, 10_000)}
            assert shown == waiting | seen.flying.keys()
            assert self.log.pending(name) == len(waiting)
            assert self.log.in_flight(name) == len(seen.flying)

    @invariant()
    def the_lag_is_honest(self) -> None:
        for name, seen in self.model.items():
            reports = seen.reports()
            oldest = self.log.oldest(name)
            if not reports:
                assert oldest is None
            else:
                assert oldest is not None
                assert min(each.floor for each in reports) <= oldest <= oldest_of(reports)

    @invariant()
    def the_oldest_path_is_known_without_a_look_at_all(self) -> None:
        self.looks += 1.0
        for name, seen in self.model.items():
            count = self.log.pending(name) + self.log.in_flight(name)
            found = self.oldest[name].find(self.log.glimpse(name), count=count, now=self.looks)
            oldest = self.log.oldest(name)
            if found is None or oldest is None:
                assert found is oldest is None
            else:
                # A path may come to look older than it is, when the log merges what one target
                # has passed for another; nobody needs to follow it there.
                assert oldest <= found <= oldest_of(seen.reports())

    @invariant()
    def a_few_paths_are_shown_of_what_is_dirty(self) -> None:
        for name, seen in self.model.items():
            glimpse = self.log.glimpse(name)
            waiting = {report.path for report in seen.waiting}
            assert {entry.path for entry in glimpse.flying(10_000)} == seen.flying.keys()
            assert {entry.path for entry in glimpse.some(10_000)} == waiting
            few = [entry.path for entry in glimpse.some(2)]
            assert len(few) == len(set(few)) == min(2, len(waiting))

    @invariant()
    def what_is_due_is_due_for_a_reason(self) -> None:
        for name, seen in self.model.items():
            due = self.log.next_due(name)
            if due is None:
                continue
            assert any(
                report.path not in seen.flying and report.not_before <= due
                for report in seen.waiting
            )

    def teardown(self) -> None:
        """However it stood: when all runs end well, every target gets all that it lacks."""
        self.now = FOREVER
        for name, seen in self.model.items():
            self.log.settle(name, [entry for entry, _ in seen.flying.values()])
            seen.flying.clear()
            self.log.release(name)
            while self.log.next_due(name) is not None:
                taken = self.take_for(name)
                assert taken, "what is said to be due can be taken"
                self.log.settle(name, taken)
                for entry in taken:
                    del seen.flying[entry.path]
            assert seen.waiting == []
            assert self.log.pending(name) == 0
            assert self.log.oldest(name) is None


ChangelogMachine.TestCase.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None
)
TestChangelogAgainstAModel = ChangelogMachine.TestCase


@given(
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("mark"), st.sampled_from(PATHS)),
            st.tuples(st.sampled_from(TARGETS), st.integers(min_value=1, max_value=4)),
        ),
        max_size=60,
    )
)
@settings(deadline=None)
def test_takes_of_any_size_by_any_target_lose_nothing_and_keep_the_order(
    steps: list[tuple[str, RelPath | int]],
) -> None:
    log = Changelog(TARGETS)
    last: dict[RelPath, int] = {}
    got: dict[str, dict[RelPath, int]] = {name: {} for name in TARGETS}

    def take(name: str, limit: int) -> None:
        taken = log.take(name, now=1.0, limit=limit)
        assert len(taken) <= limit
        numbers = [entry.sequence for entry in taken]
        assert numbers == sorted(numbers)
        assert min(numbers, default=FOREVER) > max(got[name].values(), default=0)
        got[name].update((entry.path, entry.sequence) for entry in taken)
        log.settle(name, taken)

    number = 0
    for what, argument in steps:
        if isinstance(argument, int):
            take(what, argument)
        else:
            number += 1
            log.mark(argument, now=1.0)
            last[argument] = number
    for name in TARGETS:
        while log.pending(name):
            take(name, 3)
        assert got[name] == last
