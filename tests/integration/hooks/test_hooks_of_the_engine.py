"""When hooks run: after a path stands on all targets, and never in the way of replication."""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sersync.model.expression import Expression
from sersync.model.hooks import HookAction, HookSettings, PostJson, RunCommand, SendPath
from sersync.model.status import HookStatus
from sersync.model.target import LocalDirectory
from tests.support.engine import SENTINEL, Engine, Engines, copy_at
from tests.support.peers import Listener
from tests.support.rsyncd import Rsyncd
from tests.support.trees import wait_until

OK = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"
NOT_SENTINEL = (Expression(rb".*/" + SENTINEL.encode()),)


def hook(action: HookAction, **settings: Any) -> HookSettings:
    return HookSettings(name="hook", action=action, exclude=NOT_SENTINEL, **settings)


def posting(peer: Listener) -> PostJson:
    return PostJson(url=f"http://127.0.0.1:{peer.port}/")


def told(peer: Listener, source: Path) -> dict[str, tuple[str, bool]]:
    """Return what *peer* was last told of each path."""
    found: dict[str, tuple[str, bool]] = {}
    for request in tuple(peer.received):
        for each in json.loads(request.partition(b"\r\n\r\n")[2])["changes"]:
            name = os.path.relpath(each["path"], source)
            found[name] = (each["kind"], each["directory"])
    return found


def seen(engine: Engine) -> HookStatus:
    [source] = engine.daemon.status().sources
    return source.hooks[0]


def test_each_change_is_told_but_not_what_a_full_pass_brings(
    source: Path, rsyncd: Rsyncd, engines: Engines
) -> None:
    with Listener(OK) as peer:
        (source / "before").write_text("there already")
        engine = engines(
            source, copy_at(rsyncd.root, rsyncd.endpoint), hooks=(hook(posting(peer)),)
        )
        engine.wait_for_rest()
        (source / "file").write_text("x")
        (source / "d/e").mkdir(parents=True)
        (source / "d/e/deep").write_text("x")
        (source / "link").symlink_to("file")
        new = {"file", "d", "d/e", "d/e/deep", "link"}
        wait_until(lambda: new <= told(peer, source).keys(), 30)
        (source / "before").unlink()
        shutil.rmtree(source / "d")
        wait_until(lambda: told(peer, source).get("d", ("", True))[0] == "deleted", 30)
        wait_until(lambda: "before" in told(peer, source), 30)
        engine.stop()
    changes = told(peer, source)

    assert "kept" not in changes
    assert changes["file"] == ("written", False)
    assert changes["link"] == ("created", False)
    assert changes["before"] == ("deleted", False)
    assert changes["d"] == ("deleted", True)


def test_a_hook_runs_when_the_path_stands_on_the_target(
    source: Path, rsyncd: Rsyncd, engines: Engines, tmp_path: Path
) -> None:
    record = tmp_path / "record"
    script = (
        "import os, sys; copy, record, path = sys.argv[1:];"
        "there = os.path.exists(os.path.join(copy, os.path.basename(path)));"
        "open(record, 'a').write(f'{os.path.basename(path)} {there}\\n')"
    )
    words = (sys.executable, "-c", script, str(rsyncd.root), str(record))
    engine = engines(
        source,
        copy_at(rsyncd.root, rsyncd.endpoint),
        hooks=(hook(RunCommand(before=words)),),
    )
    engine.wait_for_rest()
    for number in range(5):
        (source / f"file-{number}").write_text("x" * 100_000)
    wait_until(lambda: record.exists() and len(record.read_text().splitlines()) == 5, 60)

    assert sorted(record.read_text().splitlines()) == [f"file-{n} True" for n in range(5)]
    wait_until(lambda: seen(engine).done == 5 and not seen(engine).waiting)


def test_an_absent_target_holds_a_hook_back_no_longer_than_its_wait(
    source: Path, rsyncd: Rsyncd, engines: Engines, tmp_path: Path
) -> None:
    near = tmp_path / "near"
    near.mkdir()
    with Listener(OK) as peer, Listener(OK) as patient_peer:
        patient = replace(hook(posting(patient_peer), wait_s=600.0), name="patient")
        engine = engines(
            source,
            copy_at(near, LocalDirectory(path=os.fsencode(near)), "near"),
            copy_at(rsyncd.root, rsyncd.endpoint, "far"),
            hooks=(hook(posting(peer), wait_s=2.0), patient),
        )
        engine.wait_for_rest()
        rsyncd.stop()
        (source / "file").write_text("x")
        wait_until((near / "file").exists, 30)
        wait_until(lambda: "file" in told(peer, source), 30)
        # Both could have been told by now: what holds this one back is the target.
        assert "file" not in told(patient_peer, source)
        assert not (rsyncd.root / "file").exists()
        engine.stop()


def test_a_hook_that_fails_is_counted_shown_and_never_in_the_way(
    source: Path, rsyncd: Rsyncd, engines: Engines, port: int
) -> None:
    settings = hook(SendPath(host="127.0.0.1", port=port), attempts=2)
    engine = engines(source, copy_at(rsyncd.root, rsyncd.endpoint), hooks=(settings,))
    engine.wait_for_rest()
    (source / "file").write_text("x")
    wait_until(lambda: seen(engine).failed == 1, 30)

    assert "refused" in seen(engine).last_error
    assert (rsyncd.root / "file").exists()
    engine.wait_for_rest()


def test_a_hook_fails_until_it_is_told_something_without_a_failure(
    source: Path, rsyncd: Rsyncd, engines: Engines, tmp_path: Path
) -> None:
    closed = tmp_path / "closed"
    closed.touch()
    script = "import os, sys; sys.exit(os.path.exists(sys.argv[1]))"
    settings = hook(RunCommand(before=(sys.executable, "-c", script, str(closed))))
    engine = engines(source, copy_at(rsyncd.root, rsyncd.endpoint), hooks=(settings,))
    engine.wait_for_rest()
    assert not seen(engine).fails
    (source / "file").write_text("x")
    wait_until(lambda: seen(engine).fails, 30)
    closed.unlink()
    (source / "file").write_text("y")
    wait_until(lambda: not seen(engine).fails, 30)

    assert seen(engine).last_error


def test_a_hook_that_hangs_holds_up_neither_replication_nor_a_stop(
    source: Path, rsyncd: Rsyncd, engines: Engines, tmp_path: Path
) -> None:
    begun = tmp_path / "begun"
    script = "import sys, time; open(sys.argv[1], 'w').close(); time.sleep(600)"
    words = (sys.executable, "-c", script, str(begun))
    settings = hook(RunCommand(before=words), timeout_s=600.0, most_waiting=3)
    engine = engines(source, copy_at(rsyncd.root, rsyncd.endpoint), hooks=(settings,))
    engine.wait_for_rest()
    (source / "first").write_text("x")
    wait_until((rsyncd.root / "first").exists, 30)
    # Before, it could be told of others together with the first one.
    wait_until(begun.exists, 30)
    for number in range(10):
        (source / f"file-{number}").write_text("x")
    engine.wait_for_rest()

    wait_until(lambda: seen(engine).dropped >= 7)
    assert seen(engine).waiting <= 3
    engine.stop()


def test_hooks_run_without_any_target(source: Path, engines: Engines) -> None:
    with Listener() as peer:
        engine = engines(source, hooks=(hook(SendPath(host="127.0.0.1", port=peer.port)),))
        (source / "sub").mkdir()
        (source / "sub/file").write_text("x")
        expected = {os.fsencode(source / "sub"), os.fsencode(source / "sub/file")}
        wait_until(lambda: expected <= set(peer.received), 30)
        engine.stop()


def test_only_paths_that_are_wanted_are_told(
    source: Path, rsyncd: Rsyncd, engines: Engines
) -> None:
    with Listener() as peer:
        settings = HookSettings(
            name="hook",
            action=SendPath(host="127.0.0.1", port=peer.port),
            below=os.fsencode(source / "a"),
            include=(Expression(rb"(.*)\.php"),),
            exclude=(Expression(rb".*/not\.php"),),
        )
        engine = engines(source, copy_at(rsyncd.root, rsyncd.endpoint), hooks=(settings,))
        engine.wait_for_rest()
        for name in ("a/x.php", "a/x.txt", "a/not.php", "b/x.php", "ab/x.php", "a/last.php"):
            (source / name).parent.mkdir(exist_ok=True)
            (source / name).write_text("x")
            engine.wait_for_rest()
        wait_until(lambda: os.fsencode(source / "a/last.php") in peer.received, 30)
        engine.stop()

    assert set(peer.received) == {
        os.fsencode(source / "a" / name) for name in ("x.php", "last.php")
    }


@pytest.mark.parametrize(
    "name", [b"`touch executed`", b"$(touch executed)", b"a\nb\xff", b"-rf 'x"]
)
def test_hostile_names_arrive_through_the_whole_way(
    name: bytes, source: Path, rsyncd: Rsyncd, engines: Engines
) -> None:
    with Listener() as peer:
        engine = engines(
            source,
            copy_at(rsyncd.root, rsyncd.endpoint),
            hooks=(hook(SendPath(host="127.0.0.1", port=peer.port)),),
        )
        engine.wait_for_rest()
        path = os.fsencode(source) + b"/" + name
        with open(path, "wb") as file:
            file.write(b"x")
        wait_until(lambda: path in peer.received, 30)
        engine.stop()
