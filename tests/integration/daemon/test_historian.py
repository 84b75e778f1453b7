"""A daemon that writes down what happens."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sersync.model.path import RelPath
from sersync.model.target import LocalDirectory
from sersync.state.history import read_history
from tests.support.engine import Engines, copy_at, engines, source
from tests.support.trees import wait_until

__all__ = ["engines", "source"]


def test_transfers_and_samples_outlive_the_daemon(
    source: Path, tmp_path: Path, engines: Engines
) -> None:
    copy = copy_at(tmp_path / "copy", LocalDirectory(path=os.fsencode(tmp_path / "copy")))
    engine = engines(source, copy)
    engine.wait_for_rest()
    (source / "file").write_text("carried")
    engine.wait_for_rest()
    historian = engine.daemon.chronicle.historian
    assert historian is not None
    wait_until(lambda: bool(historian.last_carried("source", "copy", RelPath(b"file"))))
    wait_until(lambda: bool(historian.samples("source", "copy", 60.0)), 20.0)
    engine.stop()
    kept = read_history(os.fspath(engine.state_dir / "history.sqlite3"))

    assert kept.last_carried("source", "copy", RelPath(b"file")) is not None
    assert {each.verdict for each in kept.transfers()} == {"done"}
    assert kept.samples("source", "copy", since=0.0)
    kept.close()


def test_a_history_that_cannot_be_kept_harms_nothing(
    source: Path, tmp_path: Path, engines: Engines, caplog: pytest.LogCaptureFixture
) -> None:
    state_dir = tmp_path / "state"
    (state_dir / "history.sqlite3").mkdir(parents=True)
    copy = copy_at(tmp_path / "copy", LocalDirectory(path=os.fsencode(tmp_path / "copy")))
    engine = engines(source, copy, state_dir=state_dir)
    engine.wait_for_rest()
    wait_until(lambda: any("history" in line for line in caplog.messages))

    assert (tmp_path / "copy" / "kept").exists()
