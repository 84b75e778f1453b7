"""File systems below a root that come and go, as a survey tells of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import pytest

from sersync.model.mount import Mount
from sersync.model.path import RelPath
from sersync.watch.mounts import MountWatch

VOL = RelPath(b"vol")
DISK = Mount(path=VOL, file_system="ext4", inode=2, birth_ns=1700, device=8)
OTHER = replace(DISK, birth_ns=1800, device=9)


class World:
    """What is mounted below ``/root``, and what was recorded of it."""

    def __init__(self, *mounts: Mount) -> None:
        self.here = {mount.path: mount for mount in mounts}
        self.recorded: list[list[Mount]] = []

    def survey(self, _root: bytes) -> Mapping[RelPath, Mount]:
        return dict(self.here)

    def record(self, mounts: Iterable[Mount]) -> None:
        self.recorded.append(list(mounts))

    def watch(self, *remembered: Mount) -> MountWatch:
        watch = MountWatch(
            b"/root",
            remembered=remembered,
            record=self.record,
            is_excluded=lambda path: path == b"cache",
            look=self.survey,
        )
        watch._table.has_changed = lambda: True  # type: ignore[method-assign]
        return watch


def test_a_mount_that_disappears_is_missing_until_it_is_back() -> None:
    world = World(DISK)
    watch = world.watch()
    assert watch.protected() == frozenset()
    del world.here[VOL]
    assert watch.protected() == {VOL}
    [missing] = watch.missing
    assert "/root/vol is not mounted" in missing.reason.message
    assert missing.reason.needs_confirm
    world.here[VOL] = replace(DISK, device=11)
    assert watch.protected() == frozenset()

    assert watch.news() == [VOL]
    assert watch.news() == []


def test_another_file_system_at_the_same_place_is_missing_too() -> None:
    world = World(DISK)
    watch = world.watch()
    world.here[VOL] = OTHER
    assert watch.protected() == {VOL}
    assert "another one than before" in watch.missing[0].reason.message
    assert watch.accept() == [VOL]

    assert watch.protected() == frozenset()
    assert watch.news() == [VOL]
    assert world.recorded[-1] == [OTHER]


def test_a_mount_of_an_earlier_start_that_is_not_there_is_missing_from_the_start() -> None:
    world = World()
    watch = world.watch(replace(DISK, device=0))

    assert watch.protected() == {VOL}
    assert watch.news() == []
    assert watch.accept() == [VOL]
    assert watch.protected() == frozenset()
    assert world.recorded[-1] == []


def test_a_mount_of_an_earlier_start_is_known_again_whatever_its_number() -> None:
    assert World(DISK).watch(replace(DISK, device=0)).protected() == frozenset()


def test_what_is_mounted_anew_is_to_be_watched_and_compared() -> None:
    world = World()
    watch = world.watch()
    world.here[VOL] = DISK

    assert watch.news() == [VOL]
    assert watch.protected() == frozenset()
    assert world.recorded == [[DISK]]


def test_an_excluded_place_is_nobodys_business() -> None:
    cache = replace(DISK, path=RelPath(b"cache"))
    world = World(cache)
    watch = world.watch(cache)
    del world.here[cache.path]

    assert watch.protected() == frozenset()
    assert world.recorded == []


@pytest.mark.parametrize(
    ("known", "found", "same"),
    [
        (DISK, DISK, True),
        (DISK, replace(DISK, file_system="xfs"), False),
        (DISK, replace(DISK, birth_ns=1), False),
        (replace(DISK, birth_ns=0), replace(DISK, birth_ns=0, device=9), True),
        (replace(DISK, birth_ns=0), replace(DISK, birth_ns=0, device=9, is_empty=True), False),
        (replace(DISK, file_system="tmpfs"), replace(OTHER, file_system="tmpfs"), False),
        (replace(DISK, file_system="tmpfs", device=0), replace(OTHER, file_system="tmpfs"), True),
    ],
)
def test_a_file_system_is_recognised(known: Mount, found: Mount, same: bool) -> None:
    assert known.is_again(found) == same


def test_a_file_system_that_others_change_unheard_is_named_while_it_is_there() -> None:
    world = World(DISK, Mount(path=RelPath(b"share"), file_system="nfs4", inode=3))
    watch = world.watch()
    assert list(watch.unheard) == [b"share"]
    del world.here[RelPath(b"share")]
    watch.protected()

    assert not watch.unheard
