from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.trees import assert_same_trees, snapshot, wait_until


def plant(root: Path) -> Path:
    (root / "d").mkdir(parents=True)
    (root / "d" / "f").write_bytes(b"one")
    (root / "l").symlink_to("d/f")
    os.mkfifo(root / "p")
    for path in (root / "d" / "f", root / "l", root / "p", root / "d", root):
        os.utime(path, ns=(0, 1_000_000_001), follow_symlinks=False)
    return root


def test_equal_trees_are_the_same(tmp_path: Path) -> None:
    assert_same_trees(plant(tmp_path / "a"), plant(tmp_path / "b"))
    assert set(snapshot(tmp_path / "a")) == {b"", b"d", b"d/f", b"l", b"p"}


def test_every_difference_is_named(tmp_path: Path) -> None:
    a, b = plant(tmp_path / "a"), plant(tmp_path / "b")
    (b / "d" / "f").write_bytes(b"two")
    (b / "l").unlink()
    (b / "extra").touch()
    b.chmod(0o700)

    with pytest.raises(AssertionError) as failure:
        assert_same_trees(a, b)

    text = str(failure.value)
    assert "d/f: digest" in text
    assert "l: is missing (l)" in text
    assert "extra: should not be there" in text
    assert "\n  .: mode" in text


def test_a_nanosecond_counts_and_the_root_can_be_left_out(tmp_path: Path) -> None:
    a, b = plant(tmp_path / "a"), plant(tmp_path / "b")
    os.utime(b, ns=(0, 1_000_000_002))

    assert_same_trees(a, b, ignore_root=True)
    with pytest.raises(AssertionError, match=r"mtime_ns 1000000001 != 1000000002"):
        assert_same_trees(a, b)


def test_hard_links_can_be_told_from_copies(tmp_path: Path) -> None:
    a, b = plant(tmp_path / "a"), plant(tmp_path / "b")
    (a / "copy").hardlink_to(a / "d" / "f")
    (b / "copy").write_bytes(b"one")
    for root in (a, b):
        for path in (root / "copy", root):
            os.utime(path, ns=(0, 1_000_000_001))

    assert_same_trees(a, b)
    with pytest.raises(AssertionError, match="linked_to"):
        assert_same_trees(a, b, hard_links=True)


def test_waiting_ends_with_its_message() -> None:
    with pytest.raises(AssertionError, match=r"not within 0\.01 s: pigs do not fly"):
        wait_until(lambda: False, 0.01, "pigs do not fly")
