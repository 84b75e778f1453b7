"""What the commands that show a status have in common: words, marks and remedies. Pure."""

from __future__ import annotations

from typing import Any, Final

from rich.text import Text

from sersync.model.figures import count, span
from sersync.model.pasting import beside, resume_command
from sersync.model.path import display

Json = dict[str, Any]

STYLES = {
    "in-sync": "green",
    "transferring": "cyan",
    "settling": "cyan",
    "resyncing": "cyan",
    "starting": "dim",
    "stopped": "dim",
    "paused": "yellow",
    "backing-off": "yellow",
    "halted": "bold red",
}
MARK_WIDTH: Final = 2


def mark(target: Json, source: Json) -> str:
    """Return ``!!`` where a person is needed, ``!`` where something fails, so that no colour is."""
    if target["state"] in ("halted", "stopped") or source["halted"] or source["missing"]:
        return "!!"
    fails = target["state"] == "backing-off" or target["problems"] or target["problems_omitted"]
    return "!" if fails else ""


def clean(text: object) -> str:
    """Return *text* on one line and harmless to a terminal, whatever names and messages hold."""
    return display(str(text).encode("utf-8", "surrogatepass")) if text else ""


def lag(target: Json) -> str:
    """Return the age of the oldest change that is missing, as far as it can be known."""
    if not target["lag_s"]:
        return "0" if target["compared"] else "unknown"
    return span(target["lag_s"])


def brief(seconds: float) -> str:
    """Return the larger unit of ``span``: ``450 ms``, ``12 s``, ``4 min``, ``3 h``, ``2 d``."""
    return " ".join(span(seconds).split()[:2])


def go_on(state_dir: str, source: str, target: str = "", *, confirm: bool) -> str:
    """Return how to let a halted source or target go on, once its cause is gone or is meant."""
    return f"{'If that is meant' if confirm else 'Then let it go on'}: " + resume_command(
        state_dir, source, target, confirm=confirm
    )


def source_troubles(document: Json, source: Json) -> list[Text]:
    """Return what is wrong with a whole source, what to do, and the command that ends it."""
    lines: list[Text] = []
    if source["halted"]:
        lines += trouble(source["name"], source["halted"])
        confirm = bool(source["halted"]["needs_confirm"])
        if confirm:
            lines.append(_way_on(document, source["name"], confirm=True))
    for missing in source["missing"]:
        lines += trouble(source["name"], missing["reason"])
        lines.append(_way_on(document, source["name"], confirm=True))
    if source["state"] and source["state"]["reason"]:
        lines += trouble(source["name"], source["state"]["reason"])
    for hook in source["hooks"]:
        lines += _hook_troubles(source["name"], hook)
    lines += [Text(f"{clean(source['name'])}: {clean(note)}") for note in source["notes"]]
    return lines


def _hook_troubles(source: str, hook: Json) -> list[Text]:
    """Return why a hook fails, for how many paths, and what it has no room for."""
    name = f"{source}, hook {hook['name']}"
    lines: list[Text] = []
    if hook["fails"]:
        lines.append(Text.assemble((f"{clean(name)}: ", "bold"), clean(hook["last_error"])))
        told = f"; {count(hook['failed'])} paths it was not told of" if hook["failed"] else ""
        lines.append(Text(f"  Replication goes on without it{told}. Do what its reason says."))
    if hook["dropped"]:
        lines.append(
            Text(
                f"{clean(name)}: {count(hook['dropped'])} paths were dropped, for which it had no"
                " room; raise queue, or make the hook faster"
            )
        )
    return lines


def target_troubles(document: Json, source: Json, target: Json) -> list[Text]:
    """Return why *target* is not current, what to do, and the command that lets it go on."""
    lines: list[Text] = []
    if target["reason"] and target["state"] != "in-sync" and not _is_that_of(source, target):
        again_s = target["retry_in_s"] if target["state"] == "backing-off" else None
        lines += trouble(target["target"], target["reason"], again_s)
    if target["state"] == "halted" and not source["halted"]:
        confirm = bool(target["reason"] and target["reason"]["needs_confirm"])
        names = source["name"], target["target"]
        way_on = resume_command(document["state_dir"], *names, confirm=confirm)
        # Some reasons end with just that command.
        if not target["reason"] or target["reason"]["command"] != way_on:
            lines.append(_way_on(document, *names, confirm=confirm))
    if target["state"] == "paused":
        names = source["name"], target["target"]
        command = clean(resume_command(document["state_dir"], *names, confirm=False))
        lines.append(Text.assemble((f"{clean(target['target'])}: ", "bold"), "paused by a person"))
        lines.append(Text(f"  Let it go on: {command}"))
    return lines


def _is_that_of(source: Json, target: Json) -> bool:
    """Tell whether *target* is halted for what is told of its *source* already."""
    halted = source["halted"]
    return bool(halted and halted["message"] == target["reason"]["message"])


def trouble(name: str, reason: Json, retry_in_s: float | None = None) -> list[Text]:
    """Return what happened to *name*, what to do about it, and the command to paste."""
    lines = [Text.assemble((f"{clean(name)}: ", "bold"), clean(reason["message"]))]
    if retry_in_s is not None:
        lines[0].append(f"; next attempt in {span(retry_in_s)}")
    remedy = beside(reason["remedy"], reason["command"])
    lines += [Text(f"  {clean(line)}") for line in remedy.splitlines()]
    lines += [Text(f"  $ {clean(line)}", style="dim") for line in reason["command"].splitlines()]
    return lines


def _way_on(document: Json, source: str, target: str = "", *, confirm: bool) -> Text:
    return Text(f"  {clean(go_on(document['state_dir'], source, target, confirm=confirm))}")
