"""A thread that asks the instances, so that no key ever waits for an answer."""

from __future__ import annotations

import contextlib
import os
import queue
import threading
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Final, Self

from sersync.api.client import NotDone, NotReachable, ask, get
from sersync.cli.control import WORDS
from sersync.cli.instances import Answers
from sersync.cli.top.desk import Order
from sersync.cli.top.memory import Change, told
from sersync.model.request import Did

_EVERY_S: Final = 0.5
_CHANGES: Final = 50
_HISTORY_S: Final = 5.0

Told = tuple[Change, ...]
News = Answers | Told | str
"""How it stands, which changes were carried of late, or what came of orders."""


class Asking:
    """Asks twice a second, and gives orders in between; *tell* is called when there is news."""

    def __init__(self, look: Callable[[], Answers], tell: Callable[[], None]) -> None:
        self._look = look
        self._tell = tell
        self._orders: queue.SimpleQueue[tuple[Order, ...] | None] = queue.SimpleQueue()
        self._news: queue.SimpleQueue[News] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="asking", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        failure: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # Not joined: it may wait for a daemon that does not answer, and has nothing to lose.
        self._orders.put(None)

    def order(self, orders: tuple[Order, ...]) -> None:
        """Have *orders* given; what comes of them is news."""
        self._orders.put(orders)

    def news(self) -> News | None:
        """Return what is new; None when there is nothing."""
        try:
            return self._news.get_nowait()
        except queue.Empty:
            return None

    def _run(self) -> None:
        carried: dict[str, int] = {}
        while True:
            answers = self._look()
            self._news.put(answers)
            if (now := _carried(answers)) != carried:
                carried = now
                self._news.put(_history(carried))
            self._tell()
            until_s = time.monotonic() + _EVERY_S
            while (left_s := until_s - time.monotonic()) > 0:
                try:
                    orders = self._orders.get(timeout=left_s)
                except queue.Empty:
                    break
                if orders is None:
                    return
                self._news.put("; ".join(said for each in orders for said in _given(each)))
                break


def _carried(answers: Answers) -> dict[str, int]:
    """Return for each instance how many transfers have ended: its history grows with them."""
    return {
        document["state_dir"]: sum(
            target["batches"] for source in document["sources"] for target in source["targets"]
        )
        for document in answers.documents
    }


def _history(state_dirs: Iterable[str]) -> Told:
    """Return the last changes of all, the newest first; none of daemons that keep no history."""
    changes: list[Change] = []
    for state_dir in state_dirs:
        socket = os.path.join(state_dir, "control.sock")
        with contextlib.suppress(NotReachable, NotDone):
            query = {"limit": str(_CHANGES)}
            changes += told(get(socket, "/v1/history", query, timeout_s=_HISTORY_S))
    return tuple(sorted(changes, key=lambda each: -each.at_s)[:_CHANGES])


def _given(order: Order) -> list[str]:
    """Give *order*; return what came of it."""
    try:
        answer = ask(os.path.join(order.state_dir, "control.sock"), order.request)
    except (NotReachable, NotDone) as error:
        return [str(error)]
    return [_said(deed) for deed in answer["targets"]]


def _said(deed: dict[str, object]) -> str:
    who = f"{deed['source']}/{deed['target']}".rstrip("/")
    did = WORDS.get(Did(str(deed["did"])), str(deed["did"]))
    reason = deed["reason"]
    return f"{who}: {did}" + (f": {reason['message']}" if isinstance(reason, dict) else "")
