"""What was seen of late: lags for the sparklines, and what transfers carried. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sersync.cli.top.view import Key, Row, View

Json = dict[str, Any]

_LAGS: Final = 300
_CHANGES: Final = 200
_BARS: Final = "▁▂▃▄▅▆▇█"
_PLAIN_BARS: Final = "_.:-=+*#"
_FLOOR_S: Final = 1.0
"""A lag below it is no mountain: the scale ends no lower."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What became of some transfers to one target between two looks. *at_s*: since 1970."""

    at_s: float
    source: str
    target: str
    transfers: int
    files: int
    sent_bytes: int
    first_path: str
    """One path of them, if one was seen on its way."""
    verdict: str = "done"
    deleted: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counted:
    pid: int
    batches: int
    files: int
    sent_bytes: int
    on_the_way: str


class Memory:
    """Remembers a few minutes. For one thread."""

    def __init__(self) -> None:
        self._lags: dict[Key, deque[tuple[int, float]]] = {}
        self._counted: dict[Key, _Counted] = {}
        self._noticed: deque[Change] = deque(maxlen=_CHANGES)
        self._told: tuple[Change, ...] = ()

    @property
    def changes(self) -> Sequence[Change]:
        """The newest first: as the daemons tell them, else what their counters show."""
        return self._told or self._noticed

    def hear(self, told: tuple[Change, ...]) -> None:
        """Take in what the daemons' histories tell, the newest first."""
        self._told = told

    def see(self, view: View, at_s: float) -> None:
        """Take in what *view* shows at *at_s*, seconds since 1970."""
        if view.is_old:
            return
        for row in view.rows:
            lags = self._lags.setdefault(row.key, deque(maxlen=_LAGS))
            second, lag_s = int(at_s), float(row.target["lag_s"])
            if lags and lags[-1][0] == second:
                lags[-1] = (second, max(lag_s, lags[-1][1]))
            else:
                lags.append((second, lag_s))
            self._count(row, at_s)

    def sparkline(self, key: Key, width: int, now_s: float, *, plain: bool = False) -> str:
        """Return the lag of the last *width* seconds; a space where nothing was seen."""
        bars = _PLAIN_BARS if plain else _BARS
        known = dict(self._lags.get(key, ()))
        seconds = range(int(now_s) - width + 1, int(now_s) + 1)
        most = max([_FLOOR_S, *(known[each] for each in seconds if each in known)])
        return "".join(
            bars[round(known[each] / most * (len(bars) - 1))] if each in known else " "
            for each in seconds
        )

    def _count(self, row: Row, at_s: float) -> None:
        target, before = row.target, self._counted.get(row.key)
        now = _Counted(
            pid=row.instance["pid"],
            batches=target["batches"],
            files=target["files"],
            sent_bytes=target["sent_bytes"],
            on_the_way=_on_the_way(target),
        )
        self._counted[row.key] = now
        if before is None or before.pid != now.pid or now.batches <= before.batches:
            return
        self._noticed.appendleft(
            Change(
                at_s=at_s,
                source=row.source["name"],
                target=target["target"],
                transfers=now.batches - before.batches,
                files=now.files - before.files,
                sent_bytes=now.sent_bytes - before.sent_bytes,
                first_path=before.on_the_way,
            )
        )


def _on_the_way(target: Json) -> str:
    return next((str(each["first_path"]) for each in target["transfers"]), "")


def told(history: Json) -> list[Change]:
    """Return the changes in the document of ``GET /v1/history``."""
    return [
        Change(
            at_s=float(each["at"]),
            source=each["source"],
            target=each["target"],
            transfers=1,
            files=each["files"],
            sent_bytes=each["sent_bytes"],
            first_path=next(iter(each.get("examples", ())), ""),
            verdict=each["verdict"],
            deleted=each.get("deleted", 0),
        )
        for each in history.get("transfers", ())
    ]
