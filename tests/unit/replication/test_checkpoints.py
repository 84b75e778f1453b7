"""What one daemon stored is where the next one goes on, and what fails is told and made up for."""

from __future__ import annotations

import logging

import pytest

from sersync.changelog.restoring import restored as restored_log
from sersync.model.checkpoint import UnfinishedPass
from sersync.model.dirty import DirtyPath
from sersync.model.path import ROOT, RelPath
from sersync.model.report import Touched
from sersync.model.status import TargetState
from sersync.replication.checkpoints import Checkpoints
from tests.support.fakes import Bench, ManualClock, done, failed, level
from tests.support.memory_store import MemoryStore

A, B = RelPath(b"a"), RelPath(b"b")


class Daemon:
    """A worker with everything around it in memory, and its checkpoints."""

    def __init__(self, store: MemoryStore, bench: Bench) -> None:
        self.store = store
        self.bench = bench
        self.checkpoints = Checkpoints(
            "source",
            store,
            mailbox=bench.mailbox,
            records=lambda: [bench.worker.record],
            clock=bench.clock,
            every_s=5.0,
        )

    @classmethod
    def new(cls) -> Daemon:
        """Return one that has compared everything."""
        daemon = cls(MemoryStore(), Bench(level(b"")))
        daemon.bench.step()
        daemon.bench.transport.end(done)
        daemon.bench.step()
        daemon.bench.step()
        return daemon

    def again(self, *, same_boot: bool = True) -> Daemon:
        """Return the daemon that follows on this one's death."""
        kept = self.store.kept(same_boot=same_boot)
        clock = ManualClock(self.bench.clock.now)
        log = restored_log(kept.log, kept.sequence, kept.targets.values(), now=clock.now)
        bench = Bench(level(b""), log=log, clock=clock)
        bench.worker.record.recall(kept, kept.targets["copy"], now=clock.now)
        return Daemon(self.store, bench)

    def touch(self, path: RelPath) -> None:
        self.bench.mailbox.put([Touched(path, content=True)], now=self.bench.clock.now)

    def pending(self) -> list[bytes]:
        return sorted(path.path for path in self.bench.mailbox._log.paths("copy", 1000))

    def unconfirmed(self) -> list[bytes]:
        return sorted(offer.path for offer in self.bench.worker._unconfirmed.offers())


def test_what_is_pending_is_pending_for_the_next_daemon() -> None:
    daemon = Daemon.new()
    daemon.touch(A)
    daemon.checkpoints.commit()

    assert daemon.again().pending() == [b"a"]


def test_nothing_is_stored_when_nothing_changed() -> None:
    daemon = Daemon.new()
    daemon.checkpoints.commit()
    daemon.checkpoints.commit()
    daemon.bench.step()
    daemon.checkpoints.commit()

    assert len(daemon.store.checkpoints) == 1


def test_a_checkpoint_holds_only_what_changed() -> None:
    daemon = Daemon.new()
    daemon.bench.transport.lanes = 0
    for number in range(100):
        daemon.touch(RelPath(b"%d" % number))
    daemon.checkpoints.commit()
    daemon.touch(A)
    daemon.checkpoints.commit()

    [reported] = [each.log.reported for each in daemon.store.checkpoints[1:]]
    assert [each.path for each in reported] == [b"a"]
    assert len(daemon.again().pending()) == 101


def test_a_run_that_was_under_way_is_unconfirmed_and_carried_again() -> None:
    daemon = Daemon.new()
    daemon.touch(A)
    daemon.bench.step()
    daemon.checkpoints.commit()
    again = daemon.again()

    assert again.pending() == [b"a"]
    assert again.unconfirmed() == [b"a"]


def test_what_is_carried_right_after_a_crash_is_offered_again() -> None:
    daemon = Daemon.new()
    daemon.touch(A)
    daemon.checkpoints.commit()
    again = daemon.again()
    again.bench.step()
    while again.bench.transport.runs:
        again.bench.transport.end(done)
        again.bench.step()
    assert again.unconfirmed() == []
    again.bench.step(after_s=31.0)

    assert again.unconfirmed() == [b"a"]


def test_an_end_in_order_leaves_nothing_in_doubt() -> None:
    daemon = Daemon.new()
    daemon.touch(A)
    daemon.checkpoints.finish(is_clean=True)
    again = daemon.again()
    again.bench.step()
    while again.bench.transport.runs:
        again.bench.transport.end(done)
        again.bench.step()
    again.bench.step(after_s=31.0)

    assert again.unconfirmed() == []
    assert again.bench.worker.status().state is TargetState.IN_SYNC
    assert daemon.store.is_closed


def test_nothing_is_stored_after_the_end() -> None:
    daemon = Daemon.new()
    daemon.checkpoints.finish(is_clean=True)
    daemon.touch(A)

    assert not daemon.checkpoints.commit()
    assert daemon.store.checkpoints[-1].is_clean


def test_with_the_machine_what_was_carried_shortly_before_comes_into_doubt() -> None:
    daemon = Daemon.new()
    daemon.touch(A)
    daemon.bench.step()
    daemon.bench.transport.end(done)
    daemon.bench.step()
    daemon.checkpoints.commit()

    assert daemon.again().unconfirmed() == []
    assert daemon.again(same_boot=False).unconfirmed() == [b"a"]


def test_offers_to_come_outlive_the_daemon() -> None:
    daemon = Daemon.new()
    daemon.bench.worker._unconfirmed.lost([A], daemon.bench.clock.now)
    daemon.checkpoints.commit()
    again = daemon.again()
    again.checkpoints.commit()

    [offer] = again.again().bench.worker._unconfirmed.offers()
    assert (offer.path, offer.turn, offer.at) == (b"a", 0, daemon.bench.clock.now + 60.0)


def test_failures_in_a_row_are_not_forgotten() -> None:
    daemon = Daemon.new()
    daemon.touch(A)
    daemon.bench.step()
    daemon.bench.transport.end(failed)
    daemon.bench.step()
    daemon.checkpoints.commit()
    [entry] = daemon.again().bench.mailbox._log.paths("copy", 9)

    assert entry.failures == 1


def test_a_full_pass_that_is_not_over_is_begun_again() -> None:
    daemon = Daemon(MemoryStore(), Bench(level(b"")))
    daemon.checkpoints.commit()
    assert daemon.store.kept().targets["copy"].memory.passes == (UnfinishedPass(subtree=ROOT),)
    daemon.bench.step()
    daemon.checkpoints.commit()
    assert daemon.store.kept().targets["copy"].memory.passes == (UnfinishedPass(subtree=ROOT),)
    daemon.bench.transport.end(done)
    daemon.bench.step()
    daemon.bench.step()
    daemon.checkpoints.commit()

    assert daemon.store.kept().targets["copy"].memory.passes == ()


def test_a_subtree_that_a_person_asked_for_is_not_forgotten() -> None:
    daemon = Daemon.new()
    daemon.bench.worker.resync(RelPath(b"d"))
    daemon.checkpoints.commit()

    wanted = UnfinishedPass(subtree=RelPath(b"d"))
    assert daemon.store.kept().targets["copy"].memory.passes == (wanted,)


@pytest.mark.parametrize("has_begun", [False, True])
def test_what_a_full_pass_doubts_is_not_forgotten(has_begun: bool) -> None:
    daemon = Daemon(MemoryStore(), Bench(level(b"")))
    since = daemon.bench.clock.now - 5.0
    daemon.bench.worker.root_is_back(unheard_since=since)
    if has_begun:
        daemon.bench.step()
    daemon.checkpoints.commit()
    wanted = UnfinishedPass(subtree=ROOT, unheard_since=since)
    assert daemon.store.kept().targets["copy"].memory.passes == (wanted,)
    later = daemon.again().bench.worker
    assert later.record._passes.to_keep() == (wanted,)
    later.record.succeed(daemon.bench.worker.record, now=since + 6.0)

    assert later.record._passes.to_keep() == (wanted,)


def test_trouble_is_shown_and_said_once_and_everything_is_stored_when_it_is_over(
    caplog: pytest.LogCaptureFixture,
) -> None:
    daemon = Daemon.new()
    daemon.checkpoints.commit()
    daemon.store.trouble = "the disk is full"
    daemon.touch(A)
    with caplog.at_level(logging.INFO, "sersync"):
        assert not daemon.checkpoints.commit()
        daemon.touch(B)
        assert not daemon.checkpoints.commit()
        shown = daemon.checkpoints.status().reason
        daemon.store.trouble = ""
        assert daemon.checkpoints.commit()

    assert shown is not None
    assert shown.message == "the disk is full"
    said = [record.message for record in caplog.records if record.name == "sersync.state"]
    assert len(said) == 2
    assert "stored again" in said[1]
    assert daemon.checkpoints.status().reason is None
    assert daemon.again().pending() == [b"a", b"b"]


def test_what_the_manifest_must_not_vouch_for_is_not_lost_with_a_checkpoint() -> None:
    daemon = Daemon.new()
    daemon.store.trouble = "the disk is full"
    daemon.checkpoints.commit(voided=[A])
    daemon.store.trouble = ""
    daemon.checkpoints.commit(voided=[B])

    assert daemon.store.checkpoints[-1].voided == (A, B)


def test_a_worker_with_other_settings_goes_on_where_the_one_before_was() -> None:
    daemon = Daemon.new()
    daemon.touch(A)
    daemon.bench.step()
    daemon.checkpoints.commit()
    log = daemon.bench.mailbox._log
    bench = Bench(level(b""), log=log, clock=daemon.bench.clock)
    bench.worker.record.succeed(daemon.bench.worker.record, now=bench.clock.now)
    after = Daemon(daemon.store, bench)

    assert after.unconfirmed() == [b"a"]
    assert bench.worker.record.changes() is not None
    bench.step()
    started: list[DirtyPath] = [path for paths in bench.transport.started for path in paths]
    assert [path.path for path in started] == [b"a"], "without a full pass"
