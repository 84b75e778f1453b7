"""What people see of a target's backlog: bounded, and true in its numbers."""

from __future__ import annotations

import json

import pytest

from sersync.api.render import pending_document, status_document
from sersync.changelog.log import Changelog
from sersync.model.batch import Outcome, Problem, Stage, Verdict
from sersync.model.dirty import DirtyPath, Scope
from sersync.model.path import RelPath
from sersync.model.report import Stage as Writing
from sersync.model.report import Touched
from sersync.replication.glance import by_directory
from sersync.replication.mailbox import Mailbox
from sersync.replication.quarantine import Quarantine
from tests.support.fakes import Bench
from tests.support.status import daemon_status


def _mailbox(*targets: str) -> Mailbox:
    mailbox = Mailbox(Changelog(), max_delay_s=10.0)
    for target in targets:
        mailbox.join(target, lambda: None, now=0.0)
    return mailbox


def _touched(count: int) -> list[Touched]:
    return [Touched(RelPath(b"d%d/f%d" % (number % 70, number))) for number in range(count)]


def test_paths_are_shown_with_their_age_and_what_they_wait_for() -> None:
    mailbox = _mailbox("web1")
    mailbox.put([Touched(RelPath(b"flying"))], now=1.0)
    mailbox.take("web1", now=1.0, limit=10)
    mailbox.put([Touched(RelPath(b"flying"))], now=2.0)
    mailbox.put([Touched(RelPath(b"open"), stage=Writing.OPEN)], now=3.0)
    mailbox.take("web1", now=4.0, limit=10)
    seen = mailbox.glance("web1", now=5.0, most=20)

    assert (seen.pending, seen.in_flight, seen.oldest) == (2, 1, 1.0)
    assert [(each.path, each.since_s, each.due_in_s, each.in_flight) for each in seen.paths] == [
        (b"flying", 4.0, 0.0, True),
        (b"flying", 3.0, None, False),
        (b"open", 2.0, 8.0, False),
    ]


@pytest.mark.parametrize("most", [1, 3, 20])
def test_the_oldest_path_is_always_shown(most: int) -> None:
    mailbox = _mailbox("slow", "fast")
    mailbox.put([Touched(RelPath(b"first"))], now=1.0)
    mailbox.put(_touched(100), now=2.0)
    mailbox.put([Touched(RelPath(b"first"))], now=3.0)

    for target in ("slow", "fast"):
        shown = mailbox.glance(target, now=4.0, most=most).paths
        assert len(shown) == most
        assert max(each.since_s for each in shown) == 3.0


def test_a_target_that_has_left_lacks_nothing() -> None:
    mailbox = _mailbox("web1")
    mailbox.put(_touched(3), now=1.0)
    mailbox.leave("web1")

    assert mailbox.glance("web1", now=2.0, most=20).pending == 0


def test_directories_are_counted_and_deep_ones_with_those_above_them() -> None:
    paths = [RelPath(b"a/%d/%d/x" % (n, n)) for n in range(100)] + [RelPath(b"b/x"), RelPath(b"x")]
    found, omitted = by_directory(paths, most=10)

    assert [(each.directory, each.paths) for each in found] == [(b"a", 100), (b"", 1), (b"b", 1)]
    assert omitted == 0


def test_of_very_many_directories_the_fullest_are_shown() -> None:
    paths = [RelPath(b"d%d/%d" % (n, m)) for n in range(100) for m in range(1 + (n == 7))]
    found, omitted = by_directory(paths, most=50)

    assert (found[0].directory, found[0].paths) == (b"d7", 2)
    assert (len(found), omitted) == (50, 50)


def test_with_ten_thousand_pending_and_a_thousand_failing_paths_documents_stay_small() -> None:
    bench = Bench()
    bench.mailbox.put(_touched(10_000), now=bench.clock.now)
    _fail(bench.worker.progress.quarantine, 1000)
    status = bench.worker.status()
    target = status_document(daemon_status(status))["sources"][0]["targets"][0]
    backlog = pending_document([bench.worker.backlog()])

    assert (target["pending"], len(target["pending_paths"])) == (10_000, 20)
    assert target["pending_omitted"] == 9_980
    assert (len(target["problems"]), target["problems_omitted"]) == (20, 980)
    assert len(json.dumps(target)) < 16_000
    [shown] = backlog["targets"]
    assert (len(shown["paths"]), shown["omitted"]) == (100, 9_900)
    assert (len(shown["directories"]), shown["directories_omitted"]) == (50, 20)
    assert len(json.dumps(backlog)) < 24_000


def _fail(quarantine: Quarantine, count: int) -> None:
    problems = [
        Problem(path=RelPath(b"bad/%d" % number), stage=Stage.READ, message="Permission denied")
        for number in range(count)
    ]
    paths = tuple(
        DirtyPath(path=each.path, scope=Scope.ENTRY, sequence=1, first_seen=0.0)
        for each in problems
    )
    outcome = Outcome(verdict=Verdict.PARTIAL, paths=paths, problems=tuple(problems))
    for _ in range(6):
        quarantine.settle(outcome, ())
