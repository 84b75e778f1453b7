"""Which symlinks are followed."""

from __future__ import annotations

import pytest

from sersync.model.follow import Follow, leads_outside
from sersync.model.path import RelPath

AT = RelPath(b"d/link")


@pytest.mark.parametrize("text", [b"f", b"../f", b"e/f", b"..", b"./f"])
def test_what_stays_in_the_tree(text: bytes) -> None:
    assert not leads_outside(AT, text)


@pytest.mark.parametrize("text", [b"", b"/f", b"../../f", b"e/../f", b"../..", b"../e/.."])
def test_what_may_leave_the_tree(text: bytes) -> None:
    assert leads_outside(AT, text)


def test_each_option_follows_its_own_links() -> None:
    follows = {
        name: Follow(**{name: True}).follows(AT, text, to_directory=to_directory)
        for name, text, to_directory in (
            ("every", b"f", False),
            ("outside", b"/f", False),
            ("directories", b"f", True),
        )
    }
    assert all(follows.values())
    assert not Follow(outside=True).follows(AT, b"f", to_directory=True)
    assert not Follow(directories=True).follows(AT, b"/f", to_directory=False)
    assert not Follow()


def test_two_together_follow_what_either_follows() -> None:
    both = Follow(outside=True) | Follow(directories=True)

    assert both == Follow(outside=True, directories=True)
