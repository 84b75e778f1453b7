"""One child: fed, read, ended; against real processes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sersync.linux.child import Child, quiet_environment
from sersync.linux.children import Children
from sersync.linux.wake import Wake
from tests.support.trees import wait_until


@pytest.fixture
def children() -> Iterator[Children]:
    wake = Wake()
    children = Children(wake)
    yield children
    children.close()
    wake.close()


def start(children: Children, *argv: bytes) -> Child:
    child = Child(argv, env=quiet_environment())
    children.add(child)
    return child


def end_of(children: Children, child: Child) -> int:
    ended: list[tuple[Child, int]] = []

    def has_ended() -> bool:
        ended.extend(children.wait(0.1))
        return bool(ended)

    wait_until(has_ended, message="the child did not end")
    [(who, code)] = ended
    assert who is child
    return code


def test_what_a_child_is_fed_comes_out_whole_however_much_it_is(children: Children) -> None:
    child = start(children, b"wc", b"-c")
    children.feed(child, b"x" * 3_000_000)

    assert end_of(children, child) == 0
    assert child.stdout.text == b"3000000\n"


def test_a_child_that_is_killed_ends_with_a_negative_code(children: Children) -> None:
    child = start(children, b"sleep", b"100")
    child.terminate()

    assert end_of(children, child) == -15


def test_a_child_that_ended_before_it_was_fed_is_no_failure(children: Children) -> None:
    child = start(children, b"true")
    os.waitid(os.P_PIDFD, child.pidfd, os.WEXITED | os.WNOWAIT)
    children.feed(child, b"names")

    assert end_of(children, child) == 0


def test_of_much_output_the_beginning_and_the_end_are_kept(children: Children) -> None:
    child = start(children, b"seq", b"1000000")

    assert end_of(children, child) == 0
    assert child.stdout.text.startswith(b"1\n2\n")
    assert child.stdout.text.endswith(b"\n1000000\n")
    assert b"\n[...]\n" in child.stdout.text


def test_a_child_that_waits_at_a_fifo_is_known(children: Children, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    child = start(children, b"cat", os.fsencode(fifo))
    sleeper = start(children, b"sleep", b"100")

    wait_until(child.waits_for_fifo, message="the child does not wait at the FIFO")
    assert not sleeper.waits_for_fifo()
    child.terminate()
    assert end_of(children, child) == -15
