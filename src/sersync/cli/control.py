"""``sersync pause``, ``resume`` and ``resync``: what a person asks of a running instance."""

from __future__ import annotations

import json as json_module
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from enum import IntEnum
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

from typer import Argument, Option

from sersync.cli.instances import looked_in, sockets
from sersync.cli.place import EVERYTHING, Place, about
from sersync.errors import UsageError
from sersync.model.pasting import own_command, word
from sersync.model.request import Did, Request, Verb

if TYPE_CHECKING:
    from sersync.api.client import NotReachable

Json = dict[str, Any]
_Answer = TypeVar("_Answer")

_WAIT_S: Final = 60.0
_LOOK_EVERY_S: Final = 0.1

StateDir = Annotated[str, Option(metavar="DIR", help="Ask the instance with this state directory.")]
SourceName = Annotated[str, Option("--source", metavar="NAME", help="Only this source.")]
TargetName = Annotated[str, Option("--target", metavar="NAME", help="Only this target.")]
AsJson = Annotated[bool, Option("--json", help="Print JSON.")]


class Code(IntEnum):
    """Exit codes of the commands that ask a running instance."""

    DONE = 0
    REFUSED = 1
    NOT_RUNNING = 2


def pause(
    source: SourceName = "",
    target: TargetName = "",
    state_dir: StateDir = "",
    json: AsJson = False,
) -> int:
    """Start no transfer and hold no connection until resume; changes are still collected.

    Returns when the last transfer has ended. Exit: 0 paused, 1 refused or still busy, 2 none runs.
    """
    request = Request(verb=Verb.PAUSE, source=source, target=target)
    asked = _asked(request, state_dir)
    if isinstance(asked, Code):
        return asked
    where, answer = asked
    is_quiet = _becomes_quiet(where, answer["targets"])
    if json:
        print(json_module.dumps(answer | {"quiet": is_quiet}))
    else:
        _print(answer["targets"])
        if not is_quiet:
            look = own_command("status", state_dir=os.path.abspath(os.path.dirname(where)))
            print(f"sersync: transfers are still running; look again: {look}")
    return Code.DONE if is_quiet else Code.REFUSED


def resume(
    confirm: Annotated[
        bool, Option("--confirm", help="What the guard warned of is meant: do it.")
    ] = False,
    source: SourceName = "",
    target: TargetName = "",
    state_dir: StateDir = "",
    json: AsJson = False,
) -> int:
    """Go on after a pause or a halt. Exit: 0 goes on, 1 something still holds it, 2 none runs."""
    request = Request(verb=Verb.RESUME, source=source, target=target, confirm=confirm)
    asked = _asked(request, state_dir)
    if isinstance(asked, Code):
        return asked
    _, answer = asked
    if json:
        print(json_module.dumps(answer))
    else:
        _print(answer["targets"])
    refused = any(deed["did"] == Did.REFUSED.value for deed in answer["targets"])
    return Code.REFUSED if refused else Code.DONE


def resync(
    subtree: Annotated[
        str,
        Argument(metavar="[SUBTREE]", help="Only this path: absolute, from here, or in a source."),
    ] = "",
    source: SourceName = "",
    target: TargetName = "",
    state_dir: StateDir = "",
    json: AsJson = False,
) -> int:
    """Compare everything, or SUBTREE, again. Exit: 0 begun, 1 no such name, 2 none runs."""
    from sersync.api.client import ask

    request = Request(verb=Verb.RESYNC, source=source, target=target)
    answered = asked(
        state_dir,
        lambda where: about(
            where,
            subtree,
            lambda meant: ask(where, replace(request, subtree=os.fsencode(meant))),
            source=source,
            target=target,
        ),
    )
    if isinstance(answered, Code):
        return answered
    _, (place, answer) = answered
    if json:
        print(json_module.dumps(answer))
    else:
        _print(answer["targets"], place)
    place.tell_if_unknown()
    return Code.DONE


def _asked(request: Request, state_dir: str) -> tuple[str, Json] | Code:
    """Return the socket that answered and its answer; else the exit code, with the reason told."""
    from sersync.api.client import ask

    return asked(state_dir, lambda where: ask(where, request))


def asked(state_dir: str, question: Callable[[str], _Answer]) -> tuple[str, _Answer] | Code:
    """Put *question* to the one running instance; return its socket and its answer.

    Else the exit code, with the reason told. Raises ``UsageError`` where several are running.
    """
    from sersync.api.client import NotDone, NotReachable

    running, silent = _running(state_dir)
    if not running:
        nobody = f"no instance is running (looked in {looked_in(state_dir)})"
        for sentence in [f"no answer from {why}" for why in silent] or [nobody]:
            print(f"sersync: {sentence}", file=sys.stderr)
        return Code.NOT_RUNNING
    if len(running) > 1:
        lines = "\n".join(f"--state-dir {word(os.path.dirname(path))}" for path in running)
        raise UsageError("several instances are running; say which one is meant", hint=lines)
    try:
        return running[0], question(running[0])
    except NotReachable as error:
        print(f"sersync: no answer from {error}", file=sys.stderr)
        return Code.NOT_RUNNING
    except NotDone as error:
        print(f"sersync: {error}", file=sys.stderr)
        return Code.REFUSED


def _running(state_dir: str) -> tuple[list[str], list[NotReachable]]:
    """Return the sockets at which somebody answers, and why nobody does at the others."""
    from sersync.api.client import NotReachable, fetch_status

    running, silent = [], []
    for path in sockets(state_dir):
        try:
            fetch_status(path)
        except NotReachable as error:
            silent.append(error)
        else:
            running.append(path)
    return running, silent


def _becomes_quiet(where: str, deeds: list[Json]) -> bool:
    """Wait until nothing is running to the paused targets; false when that takes too long."""
    from sersync.api.client import NotReachable, fetch_status

    paused = {(deed["source"], deed["target"]) for deed in deeds}
    deadline = time.monotonic() + _WAIT_S
    while time.monotonic() < deadline:
        try:
            document = fetch_status(where)
        except NotReachable:
            return True
        if not any(
            target["runs"] or target["spares"]
            for source in document["sources"]
            for target in source["targets"]
            if (target["source"], target["target"]) in paused
        ):
            return True
        time.sleep(_LOOK_EVERY_S)
    return False


WORDS: Final = {
    Did.PAUSED: "paused",
    Did.RESUMED: "goes on",
    Did.CONFIRMED: "confirmed, goes on",
    Did.RESYNCING: "is compared again",
    Did.UNCHANGED: "nothing to do",
    Did.REFUSED: "still halted",
}


def _print(deeds: list[Json], place: Place = EVERYTHING) -> None:
    for deed in deeds:
        who = place.named(deed["source"], deed["target"])
        line = f"{who}: {WORDS[Did(deed['did'])]}"
        reason = deed["reason"]
        if reason is None:
            print(line)
            continue
        print(f"{line}: {reason['message']}")
        for more in (reason["remedy"], f"$ {reason['command']}" if reason["command"] else ""):
            if more:
                print(f"  {more}")
