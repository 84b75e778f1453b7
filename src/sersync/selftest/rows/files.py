"""Files that change while they are carried, behind their times, or under odd names."""

from __future__ import annotations

import mmap
import os
import signal
from pathlib import Path
from typing import Final

from sersync.selftest.changes import NAMES
from sersync.selftest.instance import pause_for, signal_all
from sersync.selftest.row import Broken, Need, Table
from sersync.selftest.site import Site
from sersync.selftest.trial import Trial
from sersync.selftest.until import wait_until

FILES: Final = Table()
_LARGE_BYTES: Final = 6 << 20
_LONGEST_PATH_BYTES: Final = 3900
"""With room for the name under which rsync writes it; PATH_MAX is 4096 (path_resolution(7))."""
_HOSTILE: Final = (
    *NAMES,
    *(b"`touch pwned`", b"$(touch pwned)", b'double"quote', b"semi;colon", b"[a]", b"]", b"a]b"),
    *(b"*", b"?", b"a\\", b" ", b"  two", b"trailing ", b"-rf", b"--exclude=*", b"n" * 255),
)


@FILES.row("growing-file", "a file that grows all the time arrives meanwhile, and whole at last")
def growing_file(trial: Trial) -> None:
    trial.source_settings["max_delay"] = "500ms"
    site = trial.serve()
    trial.begin()
    with (trial.source / "growing").open("ab", buffering=0) as file:
        for _ in range(200):
            file.write(trial.chance.randbytes(1000))
            pause_for(0.005)
            if (site.root / "growing").exists():
                break
        wait_until((site.root / "growing").exists, "the growing file is there")
        file.write(b"the end")
    trial.converge()


@FILES.row("truncated-file", "a file is truncated while it is on its way")
def truncated_file(trial: Trial) -> None:
    _under_way(trial)
    os.truncate(trial.source / "large", 1000)
    trial.converge()


@FILES.row("replaced-file", "a file is replaced by another one while it is on its way")
def replaced_file(trial: Trial) -> None:
    _under_way(trial)
    (trial.source / "other").write_bytes(trial.chance.randbytes(_LARGE_BYTES // 8))
    (trial.source / "other").rename(trial.source / "large")
    trial.converge()


@FILES.row("deleted-file", "a file is deleted while it is on its way")
def deleted_file(trial: Trial) -> None:
    _under_way(trial)
    (trial.source / "large").unlink()
    trial.converge()


@FILES.row("same-size-same-time", "files are rewritten at once, to the same size and the same time")
def same_size_same_time(trial: Trial) -> None:
    trial.begin()
    for turn in range(15):
        for number in range(6):
            file = trial.source / "d0" / f"f{number}"
            before = file.stat()
            file.write_bytes(b"%03d" % turn * (before.st_size // 3))
            os.truncate(file, before.st_size)
            os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
        pause_for(trial.chance.random() * 0.1)
    trial.converge()


@FILES.row("same-in-flight", "on its way a file is put back to its old size and time")
def same_in_flight(trial: Trial) -> None:
    site = trial.serve()
    trial.begin()
    file = trial.source / "d0" / "f0"
    before, content = file.stat(), file.read_bytes()
    wait_until(lambda: trial.target()["spares"] > 0, "a connection stands ready")
    rsyncs = trial.instance.children()
    signal_all(rsyncs, signal.SIGSTOP)
    trial.at_the_end(lambda: signal_all(rsyncs, signal.SIGCONT))
    file.write_bytes(content * 2)
    wait_until(lambda: trial.target()["in_flight"] > 0, "it is on its way")
    # Now a run is planned for the longer one, and rsync has yet to look.
    file.write_bytes(content[::-1])
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    if (site.root / "d0" / "f0").read_bytes() != content or not trial.target()["runs"]:
        raise Broken("rsync was not stopped in time; nothing was tried")
    signal_all(rsyncs, signal.SIGCONT)
    trial.converge()


@FILES.row("mmap", "bytes are written through a memory map, and no write(2) tells of it")
def written_by_mmap(trial: Trial) -> None:
    trial.begin()
    for number in range(4):
        with (trial.source / "d0" / f"f{number}").open("r+b") as file:
            with mmap.mmap(file.fileno(), 0) as memory:
                memory[:6] = b"mapped"
                memory.flush()
            pause_for(0.05)
    trial.converge()


@FILES.row("odd-names", "names with every byte that some program takes for something else")
def odd_names(trial: Trial) -> None:
    trial.begin()
    root = os.fsencode(trial.source)
    for name in _HOSTILE:
        with open(os.path.join(root, name), "wb") as file:
            file.write(name)
    os.mkdir(os.path.join(root, b"odd"))
    for name in _HOSTILE:
        directory = os.path.join(root, b"odd", name)
        os.mkdir(directory)
        with open(os.path.join(directory, name), "wb") as file:
            file.write(name)
    trial.converge()
    for name in _HOSTILE[::2]:
        os.unlink(os.path.join(root, name))
        os.rename(os.path.join(root, b"odd", name), os.path.join(root, b"d0", name))
    trial.converge()


@FILES.row("long-paths", "a path of almost 4,000 bytes is made, changed, and removed")
def long_paths(trial: Trial) -> None:
    trial.begin()
    longest_root = max(len(os.fsencode(site.root)) for site in trial.sites.values())
    path = os.fsencode(trial.source)
    room = _LONGEST_PATH_BYTES - max(longest_root, len(path))
    while room > 300:
        path += b"/" + b"l" * 200
        room -= 201
        os.mkdir(path)
    with open(path + b"/file", "wb") as file:
        file.write(b"at the end of a long way")
    trial.converge()
    with open(path + b"/file", "ab") as file:
        file.write(b", changed")
    trial.converge()
    os.unlink(path + b"/file")
    trial.converge()


@FILES.row("whole-seconds", "a target whose file system keeps whole seconds only", Need.EXT4)
def whole_seconds(trial: Trial) -> None:
    site = trial.copy_to("copy")
    _mount_whole_seconds(trial, site.root)
    site.has_whole_seconds = True
    site.exclude = lambda path: path == b"lost+found"
    trial.source_settings["exclude"] = ["/lost+found"]
    trial.begin()
    for turn in range(8):
        for number in range(4):
            (trial.source / "d0" / f"f{number}").write_text(f"{turn}" * 80)
        pause_for(trial.chance.random() * 0.3)
    trial.converge()


@FILES.row("coarse-source", "rewrites where the source keeps whole seconds only", Need.EXT4)
def coarse_source(trial: Trial) -> None:
    site = trial.copy_to("copy")
    _mount_whole_seconds(trial, trial.source)
    site.exclude = lambda path: path == b"lost+found"
    trial.source_settings["exclude"] = ["/lost+found"]
    trial.plant()
    trial.begin()
    for turn in range(20):
        for number in range(4):
            (trial.source / "d0" / f"f{number}").write_text(f"{turn:02}" * 80)
        pause_for(0.1 + trial.chance.random() * 0.4)
    trial.converge()


def _mount_whole_seconds(trial: Trial, place: Path) -> None:
    """Mount a file system there whose inodes have no room for parts of a second."""
    image = trial.top / "disk"
    with image.open("wb") as file:
        file.truncate(16 << 20)
    trial.command("mkfs.ext4", "-q", "-I", "128", os.fspath(image))
    trial.command("mount", "-o", "loop", os.fspath(image), os.fspath(place))
    trial.at_the_end(lambda: trial.command("umount", "-l", os.fspath(place)))


def _under_way(trial: Trial) -> Site:
    """Start, and return as soon as the target has begun to receive the file ``large``."""
    site = trial.serve(bandwidth="6MiB/s", large_file="1MiB")
    trial.begin()
    (trial.source / "large").write_bytes(trial.chance.randbytes(_LARGE_BYTES))
    wait_until(lambda: site.is_receiving("large"), "the large file is on its way")
    return site
