"""``sersync wait`` and ``flush``: until everything stands on the targets."""

from __future__ import annotations

import json as json_module
from typing import Annotated, Any, Final

from typer import Option

from sersync.cli.control import AsJson, Code, SourceName, StateDir, TargetName, asked
from sersync.cli.place import Place, about
from sersync.model.pasting import beside

Json = dict[str, Any]

_USUALLY_S: Final = 60.0
_MORE_S: Final = 30.0
"""How much longer than the wait itself the answer may take."""
_MOST_SHOWN: Final = 10

PathName = Annotated[
    str, Option("--path", metavar="PATH", help="Only what lies at it or below it.")
]


def wait(
    path: PathName = "",
    timeout: Annotated[
        float, Option(metavar="S", min=0.0, max=86_400.0, help="Wait for S seconds at most.")
    ] = _USUALLY_S,
    source: SourceName = "",
    target: TargetName = "",
    state_dir: StateDir = "",
    json: AsJson = False,
) -> int:
    """Return when everything changed before the call stands on the targets.

    Files that are still being written are carried as they are. Exit: 0 it stands, 1 something is
    missing, and it is told what and why, 2 none runs.
    """
    from sersync.api.client import post

    question: Json = {"source": source, "target": target, "timeout_s": timeout}
    answered = asked(
        state_dir,
        lambda where: about(
            where,
            path,
            lambda meant: post(
                where, "/v1/wait", question | {"path": meant}, timeout_s=timeout + _MORE_S
            ),
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
        for each in answer["targets"]:
            _print(each, place)
    if not any(each["paths"] for each in answer["targets"]):
        place.tell_if_unknown()
    return Code.DONE if answer["stands"] else Code.REFUSED


def flush(
    path: PathName = "",
    source: SourceName = "",
    target: TargetName = "",
    state_dir: StateDir = "",
    json: AsJson = False,
) -> int:
    """Carry at once what is held back, and try again now what failed. Does not wait for it.

    Exit: 0 done, 1 no such name, 2 none runs.
    """
    from sersync.api.client import post

    question = {"source": source, "target": target}
    answered = asked(
        state_dir,
        lambda where: about(
            where,
            path,
            lambda meant: post(where, "/v1/flush", question | {"path": meant}, timeout_s=30),
            source=source,
            target=target,
        ),
    )
    if isinstance(answered, Code):
        return answered
    _, (place, answer) = answered
    if json:
        print(json_module.dumps(answer))
        return Code.DONE
    for each in answer["targets"]:
        who = place.named(each["source"], each["target"])
        print(
            f"{who}: {each['held']} held back are let go; {each['pending']} pending,"
            f" {each['in_flight']} in flight, {each['state']}"
        )
        _print_reason(each["reason"])
    return Code.DONE


_ENDINGS: Final = {
    "stands": "everything stands on the target",
    "refused": "all but what the target will never take stands there",
    "held": "it cannot be carried without you",
    "waiting": "not everything is there yet",
}


def _print(each: Json, place: Place) -> None:
    who = place.named(each["source"], each["target"])
    print(f"{who}: {_ENDINGS[each['ending']]} ({each['state']})")
    if each["stage"]:
        print(f"  {each['stage']}{_percent(each['progress'])}")
    _print_reason(each["reason"])
    _print_way_on(each["reason"], each.get("goes_on", ""))
    stands_still = each["ending"] == "held" or each["state"] in ("paused", "halted")
    for pending in each["paths"][:_MOST_SHOWN]:
        print(f"  {pending['path']}: {_because(pending, stands_still=stands_still)}")
    more = len(each["paths"]) - _MOST_SHOWN + each["omitted"]
    if more > 0:
        print(f"  and {more} more")
    for problem in each["refused"][:_MOST_SHOWN]:
        print(f"  {problem['path']}: {problem['message']}. {problem['remedy']}".rstrip())
    if each["unconfirmed"]:
        print(
            f"  {each['unconfirmed']} of its paths are carried again later: a transfer whose"
            " end is not known may still touch them"
        )
    for note in each["notes"]:
        print(f"  {note}")


def _because(pending: Json, *, stands_still: bool) -> str:
    since = f"since {pending['since_s']:.1f} s"
    problem = pending["problem"]
    why = f": {problem['message']}. {problem['remedy']}".rstrip() if problem else ""
    if stands_still and pending["because"] != "in-flight":
        failed = "it failed, and " if problem else "it "
        return f"{since}; {failed}waits until a person lets that go on{why}"
    due_s = pending["due_in_s"]
    words = {
        "due": "it goes with the next transfer",
        "in-flight": "a transfer carries it now",
        "busy": "it waits for a transfer that holds it",
        "held": f"held back for {due_s:.1f} s more, or until it is closed",
        "failed": f"it failed, and is tried again in {due_s:.0f} s",
        "compared": "it is being compared",
    }
    return f"{since}; {words[pending['because']]}{why}"


def _percent(progress: Json | None) -> str:
    if not progress or not progress["entries_total"]:
        return ""
    return f" ({100 * progress['entries'] / progress['entries_total']:.0f} %)"


def _print_way_on(reason: Json | None, command: str) -> None:
    """Print the command by which it goes on, unless *reason* has it already."""
    if command and not (reason and command in f"{reason['remedy']}\n{reason['command']}"):
        is_asked = bool(reason and reason["needs_confirm"])
        print(f"  {'If that is meant' if is_asked else 'Let it go on'}: {command}")


def _print_reason(reason: Json | None) -> None:
    if reason is not None:
        remedy = beside(reason["remedy"], reason["command"])
        print(f"  {reason['message']}. {remedy}".rstrip())
        if reason["command"]:
            print(f"  $ {reason['command']}")
