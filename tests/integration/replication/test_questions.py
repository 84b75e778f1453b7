"""``explain`` and ``verify``, with the real engine and real rsync."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from pathlib import Path

import pytest

from sersync.api.sentences import sentences
from sersync.model.difference import Difference, Kind
from sersync.model.explanation import Explanation, FileKind, Watched
from sersync.model.filters import Filter, parse_rule
from sersync.model.options import RsyncOptions
from sersync.model.path import RelPath
from sersync.model.pending import Because
from sersync.model.request import NobodyMeant
from sersync.model.status import TargetState
from sersync.model.target import LocalDirectory
from sersync.model.verification import Cause, Verification
from tests.support.engine import Copy, Engine, Engines, copy_at
from tests.support.rsyncd import Rsyncd
from tests.support.sshd import Sshd
from tests.support.trees import assert_same_trees, wait_until


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    """A target at which nobody looks unasked: what others change there stays."""
    path = tmp_path / "copy"
    return copy_at(path, LocalDirectory(path=os.fsencode(path)), witness_every_s=0.0)


def explain(engine: Engine, path: bytes) -> Explanation:
    [explanation] = engine.daemon.explaining.explain(path)
    return explanation


def told(engine: Engine, path: bytes) -> str:
    return "\n".join(sentences(explain(engine, path), state_dir=""))


def verify(
    engine: Engine, path: bytes = b"", *, checksum: bool = False, repairs: bool = False
) -> Verification:
    engine.daemon.verifying.begin(path=path, checksum=checksum, repairs=repairs)

    def standing() -> Verification:
        [shown] = engine.daemon.verifying.standing()
        return shown

    wait_until(lambda: not standing().is_running, 60)
    return standing()


def drifted(shown: Verification) -> dict[bytes, Kind]:
    return {
        each.difference.path: each.difference.kind
        for each in shown.found
        if each.cause is Cause.DRIFT and each.difference.how != ("time",)
    }


def test_a_file_that_stands_on_the_target_is_said_to_stand_there(
    source: Path, copy: Copy, engines: Engines
) -> None:
    (source / "odd \xff\n name").write_bytes(b"12345")
    engine = engines(source, copy)
    engine.wait_for_rest()
    about = explain(engine, os.fsencode(source / "odd \xff\n name"))
    [of_target] = about.targets

    assert (about.kind, about.size_bytes, about.watched) == (FileKind.FILE, 5, Watched.TOLD)
    assert of_target.on_target is not None
    assert of_target.on_target.difference is None
    assert of_target.on_target.unknown is None
    assert "it stands on the target as it is here" in told(engine, b"odd \xc3\xbf\n name")


def test_what_was_never_carried_is_not_said_to_have_been(
    source: Path, copy: Copy, engines: Engines
) -> None:
    engine = engines(source, copy)
    engine.wait_for_rest()
    wait_until(lambda: "last carried, or found alike with all of" in told(engine, b"kept"), 20)
    (source / "carried").write_text("by its name")
    engine.wait_for_rest()
    wait_until(lambda: "last carried 2" in told(engine, b"carried"), 20)
    [worker] = engine.daemon.workers()
    worker.pause()
    engine.wait_for_state(TargetState.PAUSED)  # A step that had begun may still carry.
    (source / "new").write_text("made after the full pass, and never carried")
    wait_until(lambda: engine.status().pending > 0)

    for path in (b"new", b"never/was", b"never-was"):
        [of_target] = explain(engine, path).targets
        assert of_target.last is None
    [of_target] = explain(engine, b"carried").targets
    assert of_target.last is not None
    assert of_target.last.number > 0
    assert f"by transfer #{of_target.last.number}, " in told(engine, b"carried")


def test_what_is_excluded_is_told_with_the_rule_that_does_it(
    source: Path, copy: Copy, engines: Engines
) -> None:
    rules = Filter([parse_rule(b"+ keep.tmp"), parse_rule(b"- *.tmp"), parse_rule(b"/cache/")])
    (source / "cache").mkdir()
    engine = engines(source, copy, filters=rules)
    by_name, by_directory = explain(engine, b"a.tmp"), explain(engine, b"cache/deep/file")

    assert by_name.excluded is not None
    assert (by_name.excluded.path, by_name.excluded.rule) == (b"a.tmp", "- *.tmp")
    assert by_directory.excluded is not None
    assert (by_directory.excluded.path, by_directory.excluded.rule) == (b"cache", "- /cache/")
    assert explain(engine, b"keep.tmp").excluded is None


@pytest.mark.usefixtures("held_from_the_first")
def test_what_is_held_back_or_in_the_way_is_told_for_each_path(
    source: Path, copy: Copy, engines: Engines
) -> None:
    engine = engines(source, copy, max_delay_s=600.0)
    engine.wait_for_rest()
    with open(source / "log", "wb", 0) as log:
        log.write(b"held back")
        wait_until(lambda: engine.status().pending > 0, 10)
        [of_target] = explain(engine, b"log").targets
        [pending] = of_target.pending
        assert (pending.because, pending.path) == (Because.HELD, b"log")
        assert 0 < pending.due_in_s <= 600
        assert of_target.on_target is not None
        assert of_target.on_target.difference is not None
        assert of_target.on_target.difference.kind is Kind.ABSENT
        assert "it is not on the target" in told(engine, b"log")


def test_a_target_that_cannot_be_asked_says_so(
    source: Path, rsyncd: Rsyncd, engines: Engines
) -> None:
    engine = engines(source, copy_at(rsyncd.root, rsyncd.endpoint))
    engine.wait_for_rest()
    rsyncd.daemon.stop()
    [of_target] = explain(engine, b"kept").targets
    assert of_target.on_target is not None
    assert of_target.on_target.unknown is not None
    [worker] = engine.daemon.workers()
    worker.pause()
    [paused] = explain(engine, b"kept").targets

    assert paused.on_target is not None
    assert paused.on_target.unknown is not None
    assert "paused" in paused.on_target.unknown.message


def test_what_lies_behind_a_symlink_is_no_part_of_the_source(
    source: Path, tmp_path: Path, copy: Copy, engines: Engines
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "secret").write_text("secret")
    (source / "link").symlink_to(tmp_path / "elsewhere")
    engine = engines(source, copy)
    about = explain(engine, b"link/secret")

    assert (about.kind, about.behind, about.size_bytes) == (FileKind.NOTHING, b"link", 0)
    assert "lies behind link" in told(engine, b"link/secret")
    with pytest.raises(NobodyMeant):
        explain(engine, b"/etc/passwd")


def test_verify_finds_all_that_has_drifted_and_repairs_it(
    source: Path, copy: Copy, engines: Engines
) -> None:
    (source / "d" / "e").mkdir(parents=True)
    for name in ("same", "changed", "removed", "d/e/deep"):
        (source / name).write_text(name)
    engine = engines(source, copy)
    engine.wait_for_rest()
    assert verify(engine).drift == 0
    (copy.path / "changed").write_text("by somebody else")
    (copy.path / "removed").unlink()
    (copy.path / "d" / "e" / "deep").unlink()
    (copy.path / "d" / "e").rmdir()
    (copy.path / "strange").write_text("by somebody else")
    shown = verify(engine)

    assert drifted(shown) == {
        b"changed": Kind.CHANGED,
        b"removed": Kind.ABSENT,
        b"d/e": Kind.ABSENT,
        b"d/e/deep": Kind.ABSENT,
        b"strange": Kind.STRANGE,
    }
    assert verify(engine, b"d", repairs=True).repaired >= 2
    engine.wait_for_rest()
    assert (copy.path / "d" / "e" / "deep").read_text() == "d/e/deep"
    assert (copy.path / "changed").read_text() == "by somebody else"
    verify(engine, repairs=True)
    engine.wait_for_rest()
    assert_same_trees(source, copy.path)
    assert verify(engine).drift == 0


def test_bytes_behind_the_same_size_and_time_are_found_and_repaired_with_checksums(
    source: Path, copy: Copy, engines: Engines
) -> None:
    (source / "file").write_text("right")
    engine = engines(source, copy)
    engine.wait_for_rest()
    there = copy.path / "file"
    before = there.stat()
    there.write_text("wrong")
    os.utime(there, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert verify(engine).drift == 0
    shown = verify(engine, b"file", checksum=True, repairs=True)
    assert [each.difference.how for each in shown.found] == [("content",)]
    wait_until(lambda: there.read_text() == "right", 20)

    assert shown.repaired == 1


@pytest.mark.usefixtures("held_from_the_first")
def test_what_is_pending_is_no_drift(source: Path, copy: Copy, engines: Engines) -> None:
    engine = engines(source, copy, max_delay_s=600.0)
    engine.wait_for_rest()
    with open(source / "log", "wb", 0) as log:
        log.write(b"held back")
        wait_until(lambda: engine.status().pending > 0, 10)
        shown = verify(engine)
        causes = {each.difference.path: each.cause for each in shown.found}

        assert causes.pop(RelPath(b"log")) is Cause.PENDING
        assert set(causes.values()) <= {Cause.PENDING}
        assert shown.drift == 0


def test_no_drift_is_seen_where_there_is_none_while_everything_changes(
    source: Path, rsyncd: Rsyncd, engines: Engines
) -> None:
    for number in range(10):
        (source / f"d{number}").mkdir()
    engine = engines(source, copy_at(rsyncd.root, rsyncd.endpoint))
    engine.wait_for_rest()
    is_over = threading.Event()

    def change() -> None:
        number = 0
        while not is_over.wait(0.002):
            number += 1
            file = source / f"d{number % 10}" / f"f{number % 70}"
            if number % 7:
                file.write_text("x" * (number % 100))
            elif file.exists():
                file.unlink()

    thread = threading.Thread(target=change)
    thread.start()
    try:
        shown = [verify(engine) for _ in range(3)]
    finally:
        is_over.set()
        thread.join()

    assert [each.drift for each in shown] == [0, 0, 0], shown
    assert [each.failed for each in shown] == [None, None, None]


def test_a_verify_that_is_stopped_says_so_and_a_second_one_waits_for_its_turn(
    source: Path, copy: Copy, engines: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sersync.replication.comparing._AGAIN_S", 600.0)
    engine = engines(source, copy)
    engine.wait_for_rest()
    (copy.path / "strange").write_text("so that it looks again, after a pause")
    [begun] = engine.daemon.verifying.begin()
    [again] = engine.daemon.verifying.begin(checksum=True)
    assert begun.is_running
    assert not again.checksum, "it is the one that is under way"
    engine.daemon.verifying.cancel()
    wait_until(lambda: not engine.daemon.verifying.standing()[0].is_running, 20)

    [shown] = engine.daemon.verifying.standing()
    assert shown.failed is not None
    assert "stopped" in shown.failed.message


UPDATING = RsyncOptions(passed=("--archive", "--update"))
"""A file that is newer on the target is left as it is there."""


def become_newer(there: Path) -> None:
    """Have something else write to a file of the target, later than at the source."""
    there.write_text("hacked on the target")
    late = there.stat().st_mtime + 100
    os.utime(there, (late, late))


def test_what_is_left_since_the_targets_is_newer_is_said_to_differ(
    source: Path, tmp_path: Path, engines: Engines
) -> None:
    path = tmp_path / "copy"
    endpoint = LocalDirectory(path=os.fsencode(path))
    copy = copy_at(path, endpoint, options=UPDATING, witness_every_s=0.0)
    (source / "f o").write_text("as it was carried")
    engine = engines(source, copy)
    engine.wait_for_rest()
    become_newer(path / "f o")
    [of_target] = explain(engine, b"f o").targets
    assert of_target.on_target is not None
    assert of_target.on_target.difference == Difference(
        path=RelPath(b"f o"), kind=Kind.CHANGED, how=("size", "time"), newer=True
    )
    said = told(engine, b"f o")
    assert "it is on the target, but other: size, time" in said
    assert "-u (--update)" in said
    assert f"touch -c '{source}/f o'" in said
    assert "verify" not in said

    shown = verify(engine, checksum=True, repairs=True)

    causes = {each.difference.path: each.cause for each in shown.found}
    assert causes[RelPath(b"f o")] is Cause.NEWER
    assert shown.newer == 1
    assert shown.repaired == shown.drift
    assert (path / "f o").read_text() == "hacked on the target"
    subprocess.run(said[said.index("touch -c") :].splitlines()[0], shell=True, check=True)
    os.utime(source / "f o", (time.time() + 1000, time.time() + 1000))
    engine.wait_for_rest()
    assert (path / "f o").read_text() == "as it was carried"
    assert verify(engine).newer == 0


def test_the_audit_and_the_witness_leave_what_is_newer_on_the_target(
    source: Path, tmp_path: Path, engines: Engines
) -> None:
    path = tmp_path / "copy"
    endpoint = LocalDirectory(path=os.fsencode(path))
    copy = copy_at(path, endpoint, options=UPDATING, witness_every_s=0.5, audit_every_s=2.0)
    engine = engines(source, copy)
    engine.wait_for_rest()
    become_newer(path / "kept")
    wait_until(lambda: (shown := engine.status().audit) is not None and shown.rounds > 2, 60)

    shown = engine.status()
    assert shown.audit is not None
    assert shown.audit.drift == 0
    assert shown.witness is not None
    assert (shown.witness.differing, shown.witness.found) == (0, 0)


@pytest.fixture
def restricted(tmp_path: Path, sshd: Sshd) -> Copy:
    """A target behind rrsync, which lets no special file in."""
    path = tmp_path / "behind"
    path.mkdir()
    sshd.restrict(path)
    return copy_at(path, sshd.endpoint(Path("/")), witness_every_s=0.0)


def test_what_the_target_will_never_take_is_not_said_to_stand_there(
    source: Path, restricted: Copy, engines: Engines
) -> None:
    os.mkfifo(source / "pipe")
    engine = engines(source, restricted)
    engine.wait_for_rest(timeout_s=60)
    [of_target] = explain(engine, b"pipe").targets
    assert of_target.on_target is not None
    assert of_target.on_target.unknown is not None
    assert of_target.problem is not None
    said = told(engine, b"pipe")
    assert "stands on the target" not in said
    assert "it is not carried: " in said
    assert "something else has changed" not in said

    shown = verify(engine)

    causes = {each.difference.path: each.cause for each in shown.found}
    assert causes[RelPath(b"pipe")] is Cause.FAILING
    assert (shown.failing, shown.drift) == (1, 0)


def audited(path: Path, every_s: float) -> Copy:
    """A target at which nobody looks but the audit: whoever sees a drift first has it mended."""
    endpoint = LocalDirectory(path=os.fsencode(path))
    return copy_at(path, endpoint, audit_every_s=every_s, witness_every_s=0.0)


def test_the_audit_finds_what_has_drifted_and_carries_it_again(
    source: Path, tmp_path: Path, engines: Engines
) -> None:
    for number in range(5):
        (source / f"d{number}").mkdir()
        (source / f"d{number}" / "file").write_text("right")
    copy = audited(tmp_path / "copy", 2.0)
    engine = engines(source, copy)
    engine.wait_for_rest()
    (copy.path / "d3" / "file").write_text("by somebody else")
    wait_until(lambda: (copy.path / "d3" / "file").read_text() == "right", 60)
    wait_until(lambda: (shown := engine.status().audit) is not None and shown.rounds > 1, 60)
    # It stands on the target before that is told.
    wait_until(lambda: (shown := engine.status().audit) is not None and shown.drift > 0)

    shown = engine.status().audit
    assert shown is not None
    assert shown.drift == shown.repaired >= 1
    assert shown.last_drift.startswith("d3")


def test_the_audit_goes_on_where_it_was_when_the_daemon_ended(
    source: Path, tmp_path: Path, engines: Engines
) -> None:
    state_dir = tmp_path / "state"
    copy = audited(tmp_path / "copy", 2.0)
    first = engines(source, copy, state_dir=state_dir)
    wait_until(lambda: (shown := first.status().audit) is not None and shown.rounds > 0, 60)
    first.stop()
    second = engines(source, audited(copy.path, 3600.0), state_dir=state_dir)
    wait_until(lambda: second.status().audit is not None, 20)

    shown = second.status().audit
    assert shown is not None
    assert shown.rounds >= 1


def test_without_an_audit_nothing_is_compared(
    source: Path, tmp_path: Path, engines: Engines
) -> None:
    engine = engines(source, audited(tmp_path / "copy", 0.0))
    engine.wait_for_rest()

    assert engine.status().audit is None
