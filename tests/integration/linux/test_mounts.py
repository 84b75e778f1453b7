"""Mounts and their times, against the kernel that runs the tests."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from sersync.linux.mounts import has_fine_times, mount_points, mounted


def test_the_root_file_system_is_mounted() -> None:
    assert b"/" in {each.point for each in mounted()}


def test_proc_is_a_mount_point_below_the_root() -> None:
    assert b"/proc" in mount_points(b"/")
    assert b"/" not in mount_points(b"/")


def test_a_source_with_file_systems_below_it_that_keep_coarse_times_has_coarse_times() -> None:
    assert not has_fine_times(b"/")


def test_where_times_are_fine_a_write_after_a_look_never_keeps_the_old_time(
    tmp_path: Path,
) -> None:
    file = tmp_path / "f"
    kept = 0
    with open(file, "wb", buffering=0) as writer:
        for number in range(300):
            before = os.stat(file).st_ctime_ns
            os.pwrite(writer.fileno(), b"%03d" % number, 0)
            kept += os.stat(file).st_ctime_ns == before

    assert kept == 0 or not has_fine_times(os.fsencode(tmp_path))


@pytest.mark.root
def test_a_mount_point_with_a_blank_in_its_name_is_found(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("mounting needs root; the other tests read the same table without")
    point = tmp_path / "with blank"
    point.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "none", point], check=True)
    try:
        assert mount_points(os.fsencode(tmp_path)) == (os.fsencode(point),)
    finally:
        subprocess.run(["umount", point], check=True)
