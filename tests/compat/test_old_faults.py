"""What sersync 2.5 got wrong with the configuration that it was shipped with, each done right.

Each was seen with its binary. That no operation ends the daemon, that overflows and restarts lose
nothing, and that a chmod leaves a directory watched has tests of its own beside the engine's.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from sersync.config.confxml.load import resolved, understand
from sersync.model.target import RsyncModule, Target
from tests.compat.golden import FILE, HERE
from tests.support.churn import Churn
from tests.support.engine import Copy, Engine, Engines
from tests.support.rsyncd import Rsyncd
from tests.support.trees import wait_until


def _shipped() -> tuple[Target, object]:
    content = (HERE / "corpus" / "shipped.xml").read_bytes()
    meant, _ = resolved(understand(content, FILE), FILE, {})
    [source] = meant.settings.sources
    [target] = source.targets
    return target, source.filters


def _without_update(target: Target) -> Target:
    """Return *target* without ``-u``: by that, what is moved over a newer copy is to be kept."""
    passed = tuple(option for option in target.options.passed if option != "--update")
    return replace(target, options=replace(target.options, passed=passed))


@pytest.fixture
def engine(engines: Engines, source: Path, rsyncd: Rsyncd) -> Engine:
    """The configuration that was shipped, on this source, with an rsync daemon here."""
    target, filters = _shipped()
    copy = replace(target, name="copy", endpoint=rsyncd.endpoint, max_delete=-1)
    engine = engines(source, Copy(target=_without_update(copy), path=rsyncd.root), filters=filters)
    engine.wait_for_rest()
    return engine


def _files(root: Path) -> dict[str, bytes]:
    return {
        os.fspath(file.relative_to(root)): file.read_bytes()
        for file in root.rglob("*")
        if file.is_file() and not file.is_symlink()
    }


def test_a_real_tree_that_is_copied_in_and_churned_ends_nothing(
    engines: Engines, source: Path, rsyncd: Rsyncd, tmp_path: Path
) -> None:
    target, filters = _shipped()
    copy = replace(target, name="copy", endpoint=rsyncd.endpoint, max_delete=-1)
    engine = engines(source, Copy(target=_without_update(copy), path=rsyncd.root), filters=filters)
    shutil.copytree(Path(os.__file__).parent / "email", source / "email")
    (tmp_path / "aside").mkdir()
    Churn(source, tmp_path / "aside", seed=7).run(1500)

    engine.wait_for_rest(timeout_s=60)

    assert not engine.daemon.crashed.is_set()
    assert _files(rsyncd.root) == {
        name: content for name, content in _files(source).items() if not name.endswith("~")
    }


def test_rewrites_of_the_same_size_within_a_second_all_arrive(
    engine: Engine, source: Path, rsyncd: Rsyncd
) -> None:
    for number in range(10):
        (source / f"f{number}").write_text("old")
    engine.wait_for_rest()

    for number in range(10):
        (source / f"f{number}").write_text("new")
    engine.wait_for_rest()

    assert {(rsyncd.root / f"f{number}").read_text() for number in range(10)} == {"new"}


def test_names_with_a_dot_are_sent_and_only_editors_files_are_not(
    engine: Engine, source: Path, rsyncd: Rsyncd
) -> None:
    for name in (".htaccess", ".env", "4913", "f~", ".f.swp", ".f.swx"):
        (source / name).write_text(name)
    engine.wait_for_rest()

    sent = {file.name for file in rsyncd.root.iterdir()}
    assert {".htaccess", ".env"} <= sent
    assert not {"4913", "f~", ".f.swp", ".f.swx"} & sent


def test_hostile_names_arrive_and_nothing_is_executed(
    engine: Engine, source: Path, rsyncd: Rsyncd
) -> None:
    names = [b'"', b"`touch pwned`", b"\\", b"$(touch pwned)", b"a;touch pwned", b"new\nline"]
    names += [b"-rf", b"\xff\xfe", b"'", b"#comment", b" space "]
    for name in names:
        with open(os.fsencode(source) + b"/" + name, "wb") as file:
            file.write(name)
    engine.wait_for_rest()

    assert set(names) <= set(os.listdir(os.fsencode(rsyncd.root)))
    for place in (source, rsyncd.root, Path.cwd()):
        assert not (place / "pwned").exists()


def test_a_directory_that_is_made_and_filled_at_once_arrives_in_full(
    engine: Engine, source: Path, rsyncd: Rsyncd
) -> None:
    for number in range(20):
        (source / f"d{number}" / "e" / "f").mkdir(parents=True)
        (source / f"d{number}" / "e" / "f" / "g").write_text(str(number))
    engine.wait_for_rest()

    assert _files(rsyncd.root) == _files(source)


def test_a_remote_that_cannot_be_reached_holds_up_no_other(
    engines: Engines, source: Path, rsyncd: Rsyncd
) -> None:
    target, filters = _shipped()
    well = replace(target, name="copy", endpoint=rsyncd.endpoint, max_delete=-1)
    dead = replace(target, name="dead", endpoint=RsyncModule(host="127.0.0.1", module="m", port=9))
    engines(
        source, Copy(target=well, path=rsyncd.root), Copy(target=dead, path=source), filters=filters
    )

    for number in range(50):
        (source / f"f{number}").write_text(str(number))

    wait_until(lambda: all((rsyncd.root / f"f{number}").exists() for number in range(50)), 30)
