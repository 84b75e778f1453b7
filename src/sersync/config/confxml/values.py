"""Reads elements and their attributes, as forgiving as sersync was: what is missing is as shipped.

Everything that is wrong goes to the findings, with line and column.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from typing import Final

from sersync.config.confxml.grammar import HEAD, Rule, spellings
from sersync.config.confxml.nouns import Spot
from sersync.config.confxml.tree import Element, Position
from sersync.errors import Mistake

_PORTS: Final = range(1, 65536)


class Values:
    """The values of one file, and what is wrong with them. For one call, on one thread."""

    def __init__(self, file: str) -> None:
        self._file = file
        self.mistakes: list[Mistake] = []
        self.warnings: list[Mistake] = []

    def place(self, position: Position, label: str = "") -> str:
        """Return ``confxml.xml:30:27: commonParams params``."""
        where = f"{self._file}:{position[0]}:{position[1]}"
        return f"{where}: {label}" if label else where

    def mistake(self, spot: Spot, message: str, suggestion: str = "") -> None:
        """Note that what stands at *spot* cannot be used."""
        place = self.place(spot.position, spot.label)
        self.mistakes.append(Mistake(place=place, message=message, suggestion=suggestion))

    def warning(self, spot: Spot, message: str, suggestion: str = "") -> None:
        """Note that what stands at *spot* is probably not what is meant."""
        place = self.place(spot.position, spot.label)
        self.warnings.append(Mistake(place=place, message=message, suggestion=suggestion))

    def spot(self, element: Element, attribute: str = "") -> Spot:
        """Return where *attribute* of *element* stands, or else the element itself."""
        found = element.attributes.get(attribute.lower())
        if found is None:
            return Spot(position=element.position, label=f"<{element.written}>")
        return Spot(position=found.position, label=f"{element.written} {found.written}")

    def child(self, element: Element | None, name: str) -> Element | None:
        """Return the first child of that name, as the old parser did."""
        found = element.named(name) if element is not None else []
        return found[0] if found else None

    def text(self, element: Element | None, attribute: str, default: str = "") -> str:
        """Return the attribute's value; *default* where it is missing."""
        found = element.attributes.get(attribute.lower()) if element is not None else None
        return default if found is None else found.value

    def flag(
        self, element: Element | None, attribute: str = "start", *, default: bool = False
    ) -> bool:
        """Return whether the attribute is ``true``; anything else is off, and odd if not false."""
        if element is None or attribute.lower() not in element.attributes:
            return default
        value = self.text(element, attribute)
        if value not in ("true", "false"):
            meant = value.strip().lower() in ("true", "1", "on", "yes", "start")
            self.warning(
                self.spot(element, attribute),
                f'"{value}" is neither "true" nor "false", so this is off',
                f'write {attribute}="true" to switch it on' if meant else "",
            )
        return value == "true"

    def number(
        self,
        element: Element | None,
        attribute: str,
        default: int,
        *,
        allowed: range = _PORTS,
        is_used: bool = True,
    ) -> int:
        """Return a whole number; a mistake if there is none, a warning if nobody needs it."""
        if element is None or attribute.lower() not in element.attributes:
            return default
        value = self.text(element, attribute).strip()
        if value.isascii() and value.isdigit() and int(value) in allowed:
            return int(value)
        note = self.mistake if is_used else self.warning
        least, most = allowed.start, allowed.stop - 1
        limits = f"between {least} and {most}" if most < 1 << 31 else f"from {least} on"
        note(self.spot(element, attribute), f'"{value}" is not a whole number {limits}')
        return default

    def check(self, element: Element, rule: Rule) -> None:
        """Note what *element* holds besides what *rule* allows, and all elements below it."""
        for position, text in element.stray:
            shown = text if len(text) <= 40 else text[:40] + "…"
            self.warnings.append(
                Mistake(
                    place=self.place(position),
                    message=f"stray text, left out: {shown}",
                    suggestion="write remarks as <!-- … -->",
                )
            )
        known = {attribute.lower() for attribute in rule.attributes}
        for key, attribute in element.attributes.items():
            if key not in known:
                self.warning(
                    self.spot(element, key),
                    "unknown attribute, left out",
                    _nearest(attribute.written, rule.attributes, '{}="…"'),
                )
        children = {name.lower(): (name, inner) for name, inner in rule.children.items()}
        seen: set[str] = set()
        for child in element.children:
            if child.name not in children:
                spot = self.spot(child)
                self.warning(spot, "unknown element, left out", _home(child.written, rule))
                continue
            name, inner = children[child.name]
            if name in seen and name not in rule.repeats:
                self.warning(self.spot(child), "this is here already; the first one holds")
            seen.add(name)
            self.check(child, inner)


def _home(written: str, rule: Rule) -> str:
    """Return what was probably meant by an element that does not belong where it stands."""
    if near := _nearest(written, rule.children, "<{}>"):
        return near
    for parent, name in _parents():
        if name.lower() == written.lower():
            return f"it belongs in <{parent}>"
    return _nearest(written, spellings(), "<{}>")


def _parents(rule: Rule = HEAD, name: str = "head") -> Iterator[tuple[str, str]]:
    for child, inner in rule.children.items():
        yield name, child
        yield from _parents(inner, child)


def _nearest(written: str, known: Iterable[str], form: str) -> str:
    by_lower = {name.lower(): name for name in known}
    near = difflib.get_close_matches(written.lower(), by_lower, n=1, cutoff=0.7)
    return f"did you mean {form.format(by_lower[near[0]])}?" if near else ""
