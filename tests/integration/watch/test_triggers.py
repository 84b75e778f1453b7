"""Each kind of change switched off alone, and all others still told, by the real kernel."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from sersync.model.path import RelPath
from sersync.model.report import Report
from sersync.model.trigger import EVERY_TRIGGER, Trigger
from tests.integration.watch.conftest import Watch, Watched

Change = Callable[[Path, Path, ExitStack], None]
"""Changes something in a root, with a directory beside it; what is entered stays open."""


def _settle(watched: Watched) -> list[Report]:
    """Return everything told up to now; a symlink is the marker, which every trigger lets pass."""
    markers = watched.root / ".markers"
    first, number = len(watched.reports), len(list(watched.root.glob(".marker-*")))
    marker = RelPath(b".marker-%d" % number)
    (watched.root / os.fsdecode(marker)).symlink_to(markers)
    watched.until(lambda: marker in watched.touched())
    told = [each for each in watched.reports[first:] if each != watched.touched()[marker]]
    watched.reports[first:] = told
    return told


def _delete(root: Path, _: Path, __: ExitStack) -> None:
    (root / "delete").unlink()


def _make_directory(root: Path, _: Path, __: ExitStack) -> None:
    (root / "create-directory").mkdir()


def _make_file(root: Path, _: Path, still: ExitStack) -> None:
    still.enter_context((root / "create-file").open("wb"))


def _close(root: Path, _: Path, __: ExitStack) -> None:
    (root / "close").write_text("written and closed")


def _move_away(root: Path, aside: Path, _: ExitStack) -> None:
    (root / "move-from").rename(aside / "gone")


def _move_here(root: Path, aside: Path, _: ExitStack) -> None:
    (aside / "new").rename(root / "move-to")


def _chmod(root: Path, _: Path, __: ExitStack) -> None:
    (root / "attributes").chmod(0o600)


def _write(root: Path, _: Path, still: ExitStack) -> None:
    file = still.enter_context((root / "modify").open("ab", buffering=0))
    file.write(b"more")


_CHANGES: dict[Trigger, Change] = {
    Trigger.DELETE: _delete,
    Trigger.CREATE_DIRECTORY: _make_directory,
    Trigger.CREATE_FILE: _make_file,
    Trigger.CLOSE: _close,
    Trigger.MOVE_FROM: _move_away,
    Trigger.MOVE_TO: _move_here,
    Trigger.ATTRIBUTES: _chmod,
    Trigger.MODIFY: _write,
}


@pytest.fixture
def aside(root: Path) -> Path:
    """A directory that is not watched; the root holds what the changes need."""
    for name in ("delete", "close", "move-from", "attributes", "modify"):
        (root / name).write_text("old")
    directory = root.parent / "aside"
    directory.mkdir()
    (directory / "new").write_text("moved here")
    return directory


@pytest.mark.parametrize("off", list(Trigger), ids=lambda trigger: trigger.value)
def test_a_trigger_that_is_off_tells_nothing_and_the_others_tell_theirs(
    off: Trigger, root: Path, aside: Path, watch: Watch
) -> None:
    # The file that is made and left open is told by its writing too, when that is on.
    watched = watch(triggers=EVERY_TRIGGER - {off})

    with ExitStack() as still:
        for change in _CHANGES.values():
            change(root, aside, still)
        _settle(watched)
        told = {report.path.decode() for report in watched.reports if hasattr(report, "path")}

    expected = {trigger.value for trigger in Trigger if trigger is not off}
    if off is Trigger.CLOSE:
        expected.add("close")  # it was written to, and that is told of a file that stays open
    assert told == expected


def test_without_the_trigger_for_closing_and_writing_a_written_file_tells_nothing(
    root: Path, aside: Path, watch: Watch
) -> None:
    watched = watch(triggers=EVERY_TRIGGER - {Trigger.CLOSE, Trigger.MODIFY})

    (root / "close").write_text("written and closed")

    assert _settle(watched) == []


def test_what_is_never_closed_is_told_when_it_is_made(root: Path, watch: Watch) -> None:
    (root / "file").write_text("content")
    watched = watch(triggers=frozenset({Trigger.CLOSE}))

    (root / "symlink").symlink_to("file")
    os.mkfifo(root / "fifo")
    (root / "link").hardlink_to(root / "file")
    _settle(watched)

    assert watched.touched().keys() == {RelPath(b"symlink"), RelPath(b"fifo"), RelPath(b"link")}


def test_nothing_below_a_new_directory_is_told_when_those_are_off(
    root: Path, aside: Path, watch: Watch
) -> None:
    watched = watch(triggers=EVERY_TRIGGER - {Trigger.CREATE_DIRECTORY})

    (root / "create-directory").mkdir()
    _settle(watched)
    (root / "create-directory" / "f").write_text("below")

    assert _settle(watched) == []


def test_a_directory_that_is_moved_away_is_watched_no_longer_though_nothing_is_told(
    root: Path, aside: Path, watch: Watch
) -> None:
    (root / "d").mkdir()
    watched = watch(triggers=EVERY_TRIGGER - {Trigger.MOVE_FROM})

    (root / "d").rename(aside / "d")
    assert _settle(watched) == []
    (aside / "d" / "f").write_text("elsewhere")

    assert _settle(watched) == []
    assert watched.watcher.directories == 1


def test_a_chmod_of_a_directory_leaves_what_is_below_it_watched(root: Path, watch: Watch) -> None:
    (root / "d" / "e").mkdir(parents=True)
    watched = watch()

    (root / "d").chmod(0o750)
    _settle(watched)
    (root / "d" / "e" / "f").write_text("still seen")
    _settle(watched)

    assert RelPath(b"d/e/f") in watched.touched()
