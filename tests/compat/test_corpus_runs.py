"""Every valid file of the corpus at work: all at once in one daemon, on one real rsync daemon."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from sersync.config.confxml.load import resolved, understand
from sersync.daemon.app import Daemon
from sersync.model.dirty import Scope
from sersync.model.path import ROOT, RelPath
from sersync.model.status import BatchReport
from sersync.model.target import Settings, Source, Target
from sersync.model.trigger import Trigger
from tests.compat.golden import FILE
from tests.compat.test_corpus import VALID
from tests.support.rsyncd import Rsyncd
from tests.support.trees import wait_until

_FILES = ("a.txt", "b.gz", ".htaccess", "page.php", "sub/deep.txt", "info/i.txt", "cache/x1.tmp")
_EXTRANEOUS = ("extra.txt", "extra.gz", "sub/extra.txt")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """One target of one file of the corpus, with both of its directories."""

    source: Source
    target: Target
    root: Path
    copy: Path

    def takes(self, name: str, *, in_pass: bool = False) -> bool:
        """Tell whether *name* is carried: by a full pass, or when it happens."""
        filters = self.target.full_pass_filters if in_pass else self.target.filters
        return not filters.excludes(RelPath(os.fsencode(name)), is_dir=False)

    def has(self, name: str) -> bool:
        return (self.copy / name).exists()

    def runs(self, batches: Sequence[BatchReport]) -> list[BatchReport]:
        """Return those of *batches* that went to this target."""
        mine = (self.source.name, self.target.name)
        return [each for each in batches if (each.source, each.target) == mine]


def _pairs(home: Path, rsyncd: Rsyncd) -> Iterator[_Pair]:
    for corpus in VALID:
        meant, _ = resolved(understand(corpus.read_bytes(), FILE), FILE, {})
        for number, source in enumerate(meant.settings.sources):
            name = f"{corpus.stem}-{number}"
            root = home / name
            for file in _FILES:
                (root / file).parent.mkdir(parents=True, exist_ok=True)
                (root / file).write_text(file)
            for at, target in enumerate(source.targets):
                copy = rsyncd.root / f"{name}-{at}"
                for file in _EXTRANEOUS:
                    (copy / file).parent.mkdir(parents=True, exist_ok=True)
                    (copy / file).write_text(file)
                here = replace(
                    target,
                    endpoint=replace(rsyncd.endpoint, path=copy.name),
                    password_file="",
                    spares=0,
                    max_delete=-1,
                )
                there = replace(source, name=name, root=os.fsencode(root), hooks=())
                yield _Pair(source=there, target=here, root=root, copy=copy)


def _settings(pairs: list[_Pair], state_dir: Path) -> Settings:
    sources = {pair.source.name: pair.source for pair in pairs}
    return Settings(
        sources=tuple(
            replace(
                source,
                targets=tuple(p.target for p in pairs if p.source.name == name),
            )
            for name, source in sources.items()
        ),
        state_dir=str(state_dir),
    )


@pytest.mark.timeout(240)
def test_every_valid_file_carries_and_deletes_what_it_says(tmp_path: Path, rsyncd: Rsyncd) -> None:
    pairs = list(_pairs(tmp_path / "sources", rsyncd))
    batches: list[BatchReport] = []
    daemon = Daemon(_settings(pairs, tmp_path / "state"), on_batch=batches.append)
    daemon.start()
    try:
        _check_the_first_pass(daemon, pairs)
        _check_changes(pairs, batches)
    finally:
        daemon.stop(now=True)


def _check_the_first_pass(daemon: Daemon, pairs: list[_Pair]) -> None:
    def is_over() -> bool:
        targets = [each for source in daemon.status().sources for each in source.targets]
        return all(each.full_passes and not each.pending and not each.runs for each in targets)

    wait_until(is_over, 100)
    for pair in pairs:
        where = pair.source.name
        for name in _FILES:
            assert pair.has(name) == pair.takes(name, in_pass=True), f"{where}: {name}"
        for name in _EXTRANEOUS:
            stays = not (pair.target.delete and pair.takes(name, in_pass=True))
            assert pair.has(name) == stays, f"{where}: {name}"


def _has_compared_the_root(batches: Sequence[BatchReport]) -> bool:
    """Tell whether a run compared all that the root holds.

    Of a run that was cut off nobody knows the end, so the level that it wrote to is compared:
    that carries whatever is there, also what is told by nobody.
    """
    return any(
        path.path == ROOT and path.scope is not Scope.ENTRY
        for each in batches
        for path in each.outcome.paths
    )


def _check_changes(pairs: list[_Pair], batches: list[BatchReport]) -> None:
    begun = len(batches)
    for root in dict.fromkeys(pair.root for pair in pairs):
        (root / "new.txt").write_text("written and closed")
        (root / "new.gz").write_text("written and closed")
        (root.parent / "aside.txt").write_text("moved here")
        (root.parent / "aside.txt").rename(root / "moved.txt")
        (root / "a.txt").unlink()
        (root / "fresh").mkdir()
        (root / "marker").symlink_to(".")  # told whatever is switched off

    def stands(pair: _Pair) -> bool:
        on = pair.source.triggers
        is_written = Trigger.CLOSE in on or Trigger.CREATE_FILE in on or Trigger.MODIFY in on
        told = {
            "new.txt": is_written,
            "new.gz": is_written,
            "moved.txt": Trigger.MOVE_TO in on,
            "fresh": Trigger.CREATE_DIRECTORY in on,
        }
        there = {name for name in told if pair.has(name)}
        taken = {name for name in told if pair.takes(name)}
        due = {name for name in taken if told[name]}
        may_be = taken if _has_compared_the_root(pair.runs(batches[begun:])) else due
        return (
            due <= there <= may_be
            and pair.has("a.txt") == (not pair.target.delete)
            and os.path.lexists(pair.copy / "marker")
        )

    def shown(pair: _Pair) -> str:
        """Return what there is to be seen of a pair that does not stand."""
        runs = [
            f"{each.outcome.verdict.value} {each.outcome.kind} {each.outcome.exit_code}"
            f" {[(bytes(path.path), path.scope.name) for path in each.outcome.paths]}"
            for each in pair.runs(batches[begun:])
        ]
        return "\n".join([f"{pair.source.name}: {sorted(os.listdir(pair.copy))}", *runs])

    wait_until(
        lambda: all(map(stands, pairs)),
        100,
        message=lambda: "\n".join(shown(pair) for pair in pairs if not stands(pair)),
    )
