"""What is known of file systems by their type."""

from __future__ import annotations

import pytest

from sersync.model.mount import tells_of_all


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "fuse", "fuse.sshfs", "fuse.glusterfs"])
def test_what_others_can_change_does_not_tell_of_all(kind: str) -> None:
    assert not tells_of_all(kind)


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "tmpfs", "overlay", "fuseblk", ""])
def test_what_only_this_host_changes_tells_of_all(kind: str) -> None:
    assert tells_of_all(kind)
