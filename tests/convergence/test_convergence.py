"""Whatever happens to the source: after a while each target is the same."""

from __future__ import annotations

import os
from pathlib import Path

from sersync.model.target import LocalDirectory
from tests.convergence.conftest import Converge
from tests.support.engine import Engines, copy_at
from tests.support.rsyncd import Rsyncd
from tests.support.trees import assert_same_trees


def test_any_changes_arrive_at_an_rsync_daemon(
    source: Path, rsyncd: Rsyncd, engines: Engines, converge: Converge
) -> None:
    engine = engines(source, copy_at(rsyncd.root, rsyncd.endpoint))
    converge(engine, lambda: assert_same_trees(source, rsyncd.root), examples=40)


def test_any_changes_arrive_in_a_local_directory(
    source: Path, tmp_path: Path, engines: Engines, converge: Converge
) -> None:
    copy = tmp_path / "copy"
    engine = engines(source, copy_at(copy, LocalDirectory(path=os.fsencode(copy))))
    converge(engine, lambda: assert_same_trees(source, copy), examples=20)
