"""What is said about files, links and other entries, by the real kernel."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sersync.linux.rename import exchange
from sersync.model.filters import Filter, Rule
from sersync.model.path import ROOT, RelPath
from sersync.model.report import Moved, Stage, Touched
from tests.integration.watch.conftest import Watch

_F = RelPath(b"f")
_G = RelPath(b"g")
_NEW_AND_DONE = Touched(_F, True, Stage.DONE, True)


def test_a_written_and_closed_file_is_done(root: Path, watch: Watch) -> None:
    watched = watch()
    (root / "f").write_text("content")
    watched.until(lambda: watched.touched().get(_F, Touched(_F)).content)
    watched.settle()
    last = watched.touched()[_F]
    assert (last.content, last.stage) == (True, Stage.DONE)
    assert any(report.created for report in watched.reports if isinstance(report, Touched))


def test_a_file_is_open_until_its_writer_closes_it(root: Path, watch: Watch) -> None:
    watched = watch()
    with (root / "f").open("wb", buffering=0) as file:
        watched.settle()
        assert watched.touched()[_F] == Touched(_F, True, Stage.CREATED, True)
        file.write(b"first")
        watched.settle()
        assert watched.touched()[_F] == Touched(_F, True, Stage.OPEN)
        file.write(b"second")
        watched.settle()
        assert watched.touched()[_F] == Touched(_F, True, Stage.OPEN)
    watched.settle()
    assert watched.touched()[_F] == Touched(_F, True, Stage.DONE)


def test_a_truncated_file_is_open_since_no_closing_will_tell(root: Path, watch: Watch) -> None:
    (root / "f").write_text("content")
    watched = watch()
    os.truncate(root / "f", 1)
    assert watched.settle() == [Touched(_F, True, Stage.OPEN)]


def test_an_attribute_change_is_no_change_of_content(root: Path, watch: Watch) -> None:
    (root / "f").write_text("content")
    watched = watch()
    (root / "f").chmod(0o600)
    os.utime(root / "f", (1, 1))
    assert watched.settle() == [Touched(_F)]


def test_the_roots_own_attributes_are_told(root: Path, watch: Watch) -> None:
    watched = watch()
    root.chmod(0o700)
    assert watched.settle() == [Touched(ROOT, is_dir=True)]


def test_a_renamed_file_is_told_under_both_names(root: Path, watch: Watch) -> None:
    (root / "f").write_text("content")
    watched = watch()
    (root / "f").rename(root / "g")
    assert watched.settle() == [
        Touched(_F, True),
        Touched(_G, True, Stage.DONE, True, replaces=True),
        Moved(_F, _G),
    ]


def test_a_file_renamed_over_another_is_new(root: Path, watch: Watch) -> None:
    (root / "f").write_text("old")
    (root / "g").write_text("new")
    watched = watch()
    (root / "g").rename(root / "f")
    over = Touched(_F, True, Stage.DONE, True, replaces=True)
    assert watched.settle() == [Touched(_G, True), over, Moved(_G, _F)]


def test_two_files_that_change_places_both_have_new_content(root: Path, watch: Watch) -> None:
    (root / "f").write_text("one")
    (root / "g").write_text("two")
    watched = watch()
    exchange(root / "f", root / "g")
    watched.settle()
    assert watched.touched() == {
        _F: Touched(_F, True, Stage.DONE, True, replaces=True),
        _G: Touched(_G, True, Stage.DONE, replaces=True),
    }


def test_a_deleted_file_is_touched(root: Path, watch: Watch) -> None:
    (root / "f").write_text("content")
    watched = watch()
    (root / "f").unlink()
    assert watched.settle() == [Touched(_F, True)]


def test_a_file_that_came_and_went_is_not_new(root: Path, watch: Watch) -> None:
    watched = watch()
    (root / "f").write_text("content")
    (root / "f").unlink()
    watched.settle()
    assert watched.touched()[_F] == Touched(_F, True)


def test_a_file_deleted_and_made_again_is_done_and_new(root: Path, watch: Watch) -> None:
    (root / "f").write_text("old")
    watched = watch()
    (root / "f").unlink()
    (root / "f").write_text("new")
    watched.settle()
    assert watched.touched()[_F].stage is Stage.DONE
    assert any(report.created for report in watched.reports if isinstance(report, Touched))


def test_a_symlink_is_done_at_once(root: Path, watch: Watch) -> None:
    watched = watch()
    (root / "f").symlink_to("nowhere")
    assert watched.settle() == [_NEW_AND_DONE]


def test_a_symlink_to_a_directory_is_not_entered(root: Path, tmp_path: Path, watch: Watch) -> None:
    (tmp_path / "elsewhere").mkdir()
    watched = watch()
    (root / "f").symlink_to(tmp_path / "elsewhere")
    assert watched.settle() == [_NEW_AND_DONE]
    (tmp_path / "elsewhere" / "file").write_text("not ours")
    assert watched.settle() == []
    assert watched.watcher.directories == 1


def test_a_fifo_is_done_at_once(root: Path, watch: Watch) -> None:
    watched = watch()
    os.mkfifo(root / "f")
    assert watched.settle() == [_NEW_AND_DONE]


def test_a_hard_link_is_done_at_once(root: Path, watch: Watch) -> None:
    (root / "g").write_text("content")
    watched = watch()
    os.link(root / "g", root / "f")
    assert watched.settle() == [_NEW_AND_DONE]


def test_a_file_linked_into_place_is_done_without_a_closing(root: Path, watch: Watch) -> None:
    (root / "g").write_text("content")
    watched = watch()
    os.link(root / "g", root / "f")
    (root / "g").unlink()
    watched.until(lambda: watched.touched().get(_F) == _NEW_AND_DONE)


def test_an_unnamed_file_that_gets_a_name_is_done(root: Path, watch: Watch) -> None:
    watched = watch()
    fd = os.open(root, os.O_TMPFILE | os.O_WRONLY)
    os.write(fd, b"content")
    os.link(f"/proc/self/fd/{fd}", root / "f", src_dir_fd=fd)
    os.close(fd)
    watched.until(lambda: watched.touched().get(_F) == _NEW_AND_DONE)


@pytest.mark.parametrize(
    "name",
    [b"new\nline", b"\xff\xfe", b" ", b"*", b"-", b"\\", b"x" * 255, b"fifteen-letters", b"\x01"],
)
def test_any_byte_may_stand_in_a_name(name: bytes, root: Path, watch: Watch) -> None:
    watched = watch()
    directory = os.path.join(os.fsencode(root), name)
    os.mkdir(directory)
    watched.settle()
    assert watched.trees() == {name}
    with open(os.path.join(directory, name), "wb"):
        pass
    watched.settle()
    path = RelPath(name + b"/" + name)
    assert watched.touched()[path].stage is Stage.DONE


def test_excluded_paths_are_not_told_and_not_watched(root: Path, watch: Watch) -> None:
    (root / "cache" / "deep").mkdir(parents=True)
    watched = watch(Filter([Rule(False, b"cache/"), Rule(False, b"*.tmp")]))
    assert watched.watcher.directories == 1
    (root / "cache" / "deep" / "file").write_text("excluded")
    (root / "work.tmp").write_text("excluded")
    (root / "cache").rename(root / "kept")
    watched.settle()
    assert watched.touched() == {}
    assert watched.trees() == {b"kept"}
    (root / "kept" / "deep" / "file").write_text("told")
    (root / "kept").rename(root / "cache")
    watched.settle()
    assert set(watched.touched()) == {b"kept", b"kept/deep/file"}
    assert watched.watcher.directories == 1


def test_no_closing_is_missed_in_a_burst(root: Path, watch: Watch) -> None:
    for number in range(20):
        (root / f"d{number}").mkdir()
    watched = watch()
    script = (
        "import sys, pathlib\n"
        "for n in range(4000):\n"
        "    pathlib.Path(sys.argv[1], f'd{n % 20}', f'file-{n}').write_text('content')\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(root)]) as writer:
        watched.until(lambda: writer.poll() is not None)
    watched.settle()
    done = [path for path, report in watched.touched().items() if report.stage is Stage.DONE]
    assert len(done) == 4000
    assert not watched.desyncs()
