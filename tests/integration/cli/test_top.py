"""``sersync top`` in a real terminal: what it shows, what keys do, how it leaves."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from sersync.model.batch import Reason
from sersync.model.request import Request, Verb
from sersync.model.status import TargetState
from tests.support.cli import Cli, cli
from tests.support.instances import Instances, instances
from tests.support.status import daemon_status, target_status
from tests.support.window import Window, Windows, windows

__all__ = ["cli", "instances", "windows"]

_TOP = ("top", "--state-dir", "state")
_DEFECT = """
import sersync.cli.top.screen as screen
def _broken(*_):
    raise RuntimeError("a defect")
screen.screen = _broken
"""
_TWO = daemon_status(target_status(), target_status(target="web2"), state_dir="state/one")


def test_it_follows_and_survives_a_daemon_that_goes_and_comes_back(
    instances: Instances, windows: Windows
) -> None:
    instances.add("one", _TWO)
    window = windows(*_TOP)
    window.shows("www/web1", "in-sync", "all well", "q quit")

    reason = Reason(message="the password is wrong", remedy="Correct it.")
    instances.now["one"] = daemon_status(target_status(state=TargetState.HALTED, reason=reason))
    window.shows("!! 1 halted", "the password is wrong", "Then let it go on: sersync resume")
    instances.remove("one")
    window.shows("NO ANSWER", "no answer from", "www/web1")
    instances.add("one", _TWO)
    window.shows("all well", "www/web2")
    window.type("q")

    assert window.ended() == 0
    assert window.is_as_it_was()


def test_keys_order_what_they_say(instances: Instances, windows: Windows) -> None:
    instances.add("one", _TWO)
    window = windows(*_TOP)
    window.shows("www/web2")

    window.type("\x1b[Bs")
    window.shows("Compare everything with www/web2 again?", "y: yes")
    window.type("n")
    window.shows("left as it was")  # Before any order: what comes of one takes its place.
    window.type("p")
    window.wait(lambda: len(instances.asked) == 1, "the pause")
    window.type("S")
    window.shows("all 2 targets")
    window.type("y")
    window.wait(lambda: len(instances.asked) == 3, "two resyncs")

    assert instances.asked == [
        Request(verb=Verb.PAUSE, source="www", target="web2"),
        Request(verb=Verb.RESYNC, source="www", target="web1"),
        Request(verb=Verb.RESYNC, source="www", target="web2"),
    ]


def test_help_is_a_key_away_and_another_size_is_taken_at_once(
    instances: Instances, windows: Windows
) -> None:
    instances.add("one", _TWO)
    window = windows(*_TOP, columns=100, lines=30)
    window.shows("www/web1")
    window.type("?")
    window.shows("resync every target that is shown")
    window.resize(40, 10)
    window.wait(lambda: len(window.screen.splitlines()) <= 10, "ten lines")
    assert max(map(len, window.screen.splitlines())) <= 40
    window.type("x")
    window.shows("www/web1")


def _interrupt(window: Window) -> None:
    window.type("\x03")  # the terminal makes SIGINT of it, where it is a session's own
    window.child.send_signal(signal.SIGINT)


def _terminate(window: Window) -> None:
    window.child.send_signal(signal.SIGTERM)


@pytest.mark.parametrize(("end", "code"), [(_interrupt, 0), (_terminate, 143)])
def test_the_terminal_is_left_as_it_was_found(
    instances: Instances, windows: Windows, end: object, code: int
) -> None:
    assert callable(end)
    instances.add("one", _TWO)
    window = windows(*_TOP)
    window.shows("www/web1")

    end(window)

    assert window.ended() == code
    assert window.is_as_it_was()
    assert "Traceback" not in window.output


def test_a_defect_leaves_the_terminal_as_it_was_too(
    instances: Instances, windows: Windows, tmp_path: Path
) -> None:
    instances.add("one", _TWO)
    (tmp_path / "sitecustomize.py").write_text(_DEFECT)
    window = windows(*_TOP, before_all=tmp_path)
    window.wait(lambda: "a defect" in window.output, "the defect")

    assert window.ended() != 0
    assert window.is_as_it_was()


def test_it_waits_for_an_instance(instances: Instances, windows: Windows) -> None:
    window = windows(*_TOP)
    window.shows("Waiting for an instance", "no answer from any instance")
    instances.add("one", _TWO)
    window.shows("www/web1")


def test_without_a_terminal_it_says_what_to_use(cli: Cli) -> None:
    result = cli.run("top")

    assert (result.returncode, result.stdout) == (64, "")
    assert "top needs a terminal" in result.stderr
    assert "sersync status --watch" in result.stderr
