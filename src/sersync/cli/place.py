"""What people mean by a path that they type: from here, or relative to a source."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

Json = dict[str, Any]

_LOOK_FOR_S: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a typed path means to one instance. *asked*: as it is asked for; empty is everything."""

    asked: str = ""
    sources: tuple[Json, ...] = ()
    """What is known of it in each source that is meant, as ``explain`` answers."""

    def named(self, source: str, target: str = "") -> str:
        """Return what an answer is about: the source, its target, and where in it that is."""
        who = f"{source} -> {target}" if target else source
        path = self._of(source)["path"] if self.sources else ""
        return f"{who}, {path}" if path else who

    def absolute(self, source: str) -> str:
        """Return it as it can be typed from anywhere; empty is everything."""
        if not self.asked or os.path.isabs(self.asked):
            return self.asked
        root = str(self._of(source)["root"])
        # A root whose name cannot be shown cannot be typed either.
        return os.path.join(root, self.asked) if os.path.isdir(root) else self.asked

    def tell_if_unknown(self) -> None:
        """Tell people when nothing is known of it: it may be a slip, and may have been deleted."""
        if self.sources and not any(map(_is_known, self.sources)):
            where = ", ".join(f"{each['path']} in {each['root']}" for each in self.sources)
            print(
                f"sersync: {where}: nothing of that name is in the source, nor pending. If it was"
                " deleted, that was carried already; else look at the spelling",
                file=sys.stderr,
            )

    def _of(self, source: str) -> Json:
        return next(each for each in self.sources if each["source"] == source)


EVERYTHING: Final = Place()
"""Where no path is typed."""


def about(
    where: str, path: str, question: Callable[[str], Json], *, source: str = "", target: str = ""
) -> tuple[Place, Json]:
    """Put *question* about *path* to the instance at *where*; return also what the path means.

    It is what lies there from here, existing or not, wherever that is inside a source; else it is
    relative to a source. Raises ``NotReachable`` and ``NotDone``.
    """
    place = _meant(where, path, {"source": source, "target": target}) if path else EVERYTHING
    return place, question(place.asked)


def _meant(where: str, path: str, names: Json) -> Place:
    from sersync.api.client import NotDone, get

    *from_here, as_written = _candidates(path)
    for asked in from_here:
        try:
            return _place(asked, get(where, *_look(asked, names), timeout_s=_LOOK_FOR_S))
        except NotDone:
            # It lies in no source.
            continue
    return _place(as_written, get(where, *_look(as_written, names), timeout_s=_LOOK_FOR_S))


def _candidates(path: str) -> Iterator[str]:
    """Yield what *path* may mean: from here, behind the links that lead there, as it is written."""
    if not os.path.isabs(path):
        # Where the working directory was deleted, nothing is from here.
        with suppress(FileNotFoundError):
            here = os.path.abspath(path)
            yield here
            above, name = os.path.split(here)
            yield os.path.join(os.path.realpath(above), name)
    yield path


def _look(asked: str, names: Json) -> tuple[str, Json]:
    return "/v1/explain", {**names, "path": asked, "ask": "0"}


def _place(asked: str, answer: Json) -> Place:
    return Place(asked=asked, sources=tuple(answer["sources"]))


def _is_known(source: Json) -> bool:
    """Tell whether there is such a path, or whether that cannot be said of it now."""
    cannot_be_seen = source["behind"] or source["halted"] or source["watched"] == "missing"
    is_there = source["kind"] != "nothing" or not source["path"]
    return bool(cannot_be_seen or is_there or any(map(_is_known_of, source["targets"])))


def _is_known_of(target: Json) -> bool:
    is_other = target["on_target"] is not None and not target["on_target"]["same"]
    return bool(target["pending"] or target["compared"] or is_other)
