"""What keys do: walk through the rows, ask back, order. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from sersync.cli.tables import clean
from sersync.cli.top.view import Key, Row, View
from sersync.model.request import Request, Verb


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What one instance is asked to do."""

    state_dir: str
    request: Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is to be answered with y before *orders* are given."""

    lines: tuple[str, ...]
    orders: tuple[Order, ...]
    about: Key
    """The row that was selected when it was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where a person stands."""

    selected: Key | None = None
    question: Question | None = None
    shows_help: bool = False
    said: str = ""
    """What came of the last order."""
    is_over: bool = False


HELP: Final = (
    ("up down k j", "go to another target; also Home, End, Page Up, Page Down"),
    ("p", "pause this target: no transfer starts, connections are given back"),
    ("r", "resume it, after a pause or a halt; what a guard warns of is asked first"),
    ("s", "resync it: compare everything with this target again (asks first)"),
    ("S", "resync every target that is shown (asks first)"),
    ("? h", "this help"),
    ("q Ctrl-C", "quit; sersync itself goes on"),
)
_STEPS: Final = {
    "up": -1, "k": -1, "down": 1, "j": 1, "page-up": -10, "page-down": 10,
    "home": -1_000_000, "end": 1_000_000,
}  # fmt: skip


def settled(desk: Desk, view: View) -> Desk:
    """Return *desk* with a selected row that exists."""
    keys = [row.key for row in view.rows]
    if desk.selected in keys or not keys:
        return desk
    return replace(desk, selected=keys[0])


def selected(desk: Desk, view: View) -> Row | None:
    """Return the row that keys are meant for."""
    return next((row for row in view.rows if row.key == desk.selected), None)


def press(desk: Desk, key: str, view: View) -> tuple[Desk, tuple[Order, ...]]:
    """Return what *key* makes of *desk*, and what is to be done."""
    if desk.question is not None:
        return _answered(desk, desk.question, key, view)
    if desk.shows_help:
        return replace(desk, shows_help=False, is_over=key == "q"), ()
    if key == "q":
        return replace(desk, is_over=True), ()
    if key in ("?", "h"):
        return replace(desk, shows_help=True), ()
    if key in _STEPS:
        return _moved(desk, _STEPS[key], view), ()
    row = selected(desk, view)
    if row is None or key not in ("p", "r", "s", "S"):
        return desk, ()
    if view.is_old:
        return replace(desk, said="nobody answers now: nothing was done"), ()
    if key == "p":
        return desk, (_order(row, Verb.PAUSE),)
    if key == "r":
        return _resumed(desk, row)
    return replace(desk, question=_resync_question(row, view, is_all=key == "S")), ()


def _answered(
    desk: Desk, question: Question, key: str, view: View
) -> tuple[Desk, tuple[Order, ...]]:
    """Return the orders, if they are meant and the question is still what would be asked."""
    if key not in ("y", "Y"):
        return replace(desk, question=None, said="left as it was"), ()
    row = next((row for row in view.rows if row.key == question.about), None)
    if row is None or view.is_old:
        return replace(desk, question=None, said="nobody answers now: nothing was done"), ()
    if not any(order.request.confirm for order in question.orders):
        return replace(desk, question=None, said=""), question.orders
    now, _ = _resumed(replace(desk, question=None), row)
    if now.question is None:
        return replace(desk, question=None, said="it has changed meanwhile: nothing was done"), ()
    if now.question != question:
        return replace(now, said="it has changed meanwhile: look again"), ()
    return replace(desk, question=None, said=""), question.orders


def _moved(desk: Desk, step: int, view: View) -> Desk:
    keys = [row.key for row in view.rows]
    if not keys:
        return desk
    at = keys.index(desk.selected) if desk.selected in keys else 0
    return replace(desk, selected=keys[min(max(at + step, 0), len(keys) - 1)], said="")


def _resumed(desk: Desk, row: Row) -> tuple[Desk, tuple[Order, ...]]:
    """Return an order, or a question with what the guard says where it has to be confirmed."""
    source, target = row.source, row.target
    if source["halted"] or source["missing"]:
        reasons = [source["halted"], *(each["reason"] for each in source["missing"])]
        reasons = [each for each in reasons if each]
        confirm = bool(source["missing"]) or bool(source["halted"]["needs_confirm"])
        order, who = _order(row, Verb.RESUME, confirm=confirm, is_source=True), source["name"]
    else:
        reasons = [target["reason"]] if target["reason"] else []
        confirm = any(each["needs_confirm"] for each in reasons) and target["state"] == "halted"
        order, who = _order(row, Verb.RESUME, confirm=confirm), _name(row)
    if not confirm:
        return desk, (order,)
    lines = [f"{clean(who)} was halted by a guard:", ""]
    for reason in reasons:
        lines += [clean(reason["message"]), *map(clean, reason["remedy"].splitlines())]
    lines += ["", "Is that meant, and shall it go on?"]
    return replace(desk, question=Question(lines=tuple(lines), orders=(order,), about=row.key)), ()


def _resync_question(row: Row, view: View, *, is_all: bool) -> Question:
    rows = view.rows if is_all else (row,)
    orders = tuple(_order(each, Verb.RESYNC) for each in rows)
    whom = f"all {len(rows)} targets" if is_all else _name(row)
    what = f"Compare everything with {whom} again?"
    return Question(
        lines=(what, "Live changes go on meanwhile; on a large tree it takes its time."),
        orders=orders,
        about=row.key,
    )


def _order(row: Row, verb: Verb, *, confirm: bool = False, is_source: bool = False) -> Order:
    target = "" if is_source else row.target["target"]
    return Order(
        state_dir=row.instance["state_dir"],
        request=Request(verb=verb, source=row.source["name"], target=target, confirm=confirm),
    )


def _name(row: Row) -> str:
    return clean(f"{row.source['name']}/{row.target['target']}")
