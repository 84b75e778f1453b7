"""``sersync verify``: source and targets compared now."""

from __future__ import annotations

import json as json_module
import os
import sys
import time
from typing import Annotated, Any, Final

from typer import Argument, Option

from sersync.cli.control import AsJson, Code, SourceName, StateDir, TargetName, asked
from sersync.cli.place import Place, about
from sersync.model.pasting import own_command

Json = dict[str, Any]

_LOOK_EVERY_S: Final = 0.25
_MOST_SHOWN: Final = 100
_MOST: Final = 10_000
_NOT_AS_HERE: Final = ("drift", "failing", "newer", "unreadable")


def verify(
    path: Annotated[
        str,
        Argument(metavar="[PATH]", help="Only this path: absolute, from here, or in a source."),
    ] = "",
    checksum: Annotated[
        bool, Option("--checksum", help="Read all files on both sides, however alike they look.")
    ] = False,
    repair: Annotated[bool, Option("--repair", help="Carry again what has drifted.")] = False,
    source: SourceName = "",
    target: TargetName = "",
    state_dir: StateDir = "",
    json: AsJson = False,
) -> int:
    """Compare the source with its targets now, by dry runs beside whatever is carried.

    What differs is pending, or has drifted: something else changed the target. Exit: 0 all is as
    here, or on its way; 1 something else differs, or could not be compared; 2 none runs.
    """
    from sersync.api.client import post

    names = {"source": source, "target": target}
    question = {**names, "checksum": checksum, "repair": repair}
    answered = asked(
        state_dir,
        lambda where: about(
            where,
            path,
            lambda meant: post(where, "/v1/verify", question | {"path": meant}, timeout_s=30),
            source=source,
            target=target,
        ),
    )
    if isinstance(answered, Code):
        return answered
    where, (place, begun) = answered
    other = [each for each in begun["verifications"] if not _is_ours(each, question)]
    for each in other:
        print(
            f"sersync: {each['source']} -> {each['target']} is being compared already"
            f" ({each['path']}); ask again when that is over",
            file=sys.stderr,
        )
    if other:
        return Code.REFUSED
    found = _followed(where, names, begun["verifications"])
    if json:
        print(json_module.dumps({"verifications": found}))
    else:
        for each in found:
            _print(each, place)
            if each["drift"] and not repair:
                print(f"  to carry again what has drifted: {_again(each, place, where)}")
    if not any(each["found"] for each in found):
        place.tell_if_unknown()
    return Code.DONE if all(map(_is_as_here, found)) else Code.REFUSED


def _is_as_here(each: Json) -> bool:
    """Tell whether all stands on the target, or is on its way."""
    return not (each["failed"] or any(each[cause] for cause in _NOT_AS_HERE))


def _again(each: Json, place: Place, where: str) -> str:
    """Return the command that repairs what was found, to be pasted anywhere."""
    names = ("--source", each["source"], "--target", each["target"], "--repair")
    path = place.absolute(each["source"])
    state_dir = os.path.abspath(os.path.dirname(where))
    return own_command("verify", *([path] if path else []), *names, state_dir=state_dir)


def _is_ours(each: Json, question: Json) -> bool:
    is_new = each["elapsed_s"] == 0.0 and not each["entries"]
    return is_new and (each["checksum"], each["repair"]) == (
        question["checksum"],
        question["repair"],
    )


def _followed(where: str, names: Json, begun: list[Json]) -> list[Json]:
    """Return how the comparisons have ended; one that is interrupted here is ended there."""
    from sersync.api.client import get, post

    mine = {(each["source"], each["target"]) for each in begun}
    query = {**names, "limit": "0"}
    told_at = time.monotonic()
    try:
        while True:
            time.sleep(_LOOK_EVERY_S)
            answer = get(where, "/v1/verify", query, timeout_s=30.0)["verifications"]
            running = [e for e in answer if (e["source"], e["target"]) in mine and e["running"]]
            if not running:
                break
            if sys.stderr.isatty() and time.monotonic() - told_at > 1.0:
                told_at = time.monotonic()
                print(f"\r{_progress(running)}\033[K", end="", file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        post(where, "/v1/verify", {**names, "cancel": True}, timeout_s=30.0)
        raise
    finally:
        if sys.stderr.isatty():
            print("\r\033[K", end="", file=sys.stderr, flush=True)
    query["limit"] = str(_MOST)
    answer = get(where, "/v1/verify", query, timeout_s=60.0)["verifications"]
    return [each for each in answer if (each["source"], each["target"]) in mine]


def _progress(running: list[Json]) -> str:
    entries = sum(each["entries"] for each in running)
    total = sum(each["entries_total"] for each in running)
    of = f" of {total:,}" if total else ""
    return f"{entries:,}{of} entries compared, {sum(e['drift'] for e in running)} drifted"


_CAUSES: Final = {
    "drift": "drifted",
    "pending": "pending",
    "failing": "cannot be carried",
    "newer": "newer on the target, and left so (-u, --update)",
    "changing": "changing all the time",
    "unreadable": "cannot be read here",
}
_KINDS: Final = {
    "absent": "not on the target",
    "strange": "on the target only",
    "changed": "other on the target",
}


def _print(each: Json, place: Place) -> None:
    who = place.named(each["source"], each["target"])
    how = "read and compared" if each["checksum"] else "compared"
    print(
        f"{who}: {each['entries']:,} entries {how} in {each['elapsed_s']:.1f} s:"
        f" {each['drift']} drifted, {each['pending']} pending"
        + (f", {each['failing']} cannot be carried" if each["failing"] else "")
        + (f", {each['newer']} newer there and left so" if each["newer"] else "")
        + (f", {each['changing']} changing all the time" if each["changing"] else "")
        + (f", {each['unreadable']} cannot be read here" if each["unreadable"] else "")
        + (f"; {each['repaired']} are carried again" if each["repaired"] else "")
    )
    for found in each["found"][:_MOST_SHOWN]:
        what = _KINDS[found["kind"]]
        if found["how"]:
            what += f" ({', '.join(found['how'])})"
        if found["kind"] == "changed" and not found["how"]:
            what = ""
        print(f"  {found['path']}: {', '.join(filter(None, (_CAUSES[found['cause']], what)))}")
    more = max(0, len(each["found"]) - _MOST_SHOWN) + each["omitted"]
    if more:
        print(f"  and {more} more; --json lists up to {_MOST:,}")
    if each["failed"] is not None:
        print(f"  it could not go on: {each['failed']['message']}. {each['failed']['remedy']}")
