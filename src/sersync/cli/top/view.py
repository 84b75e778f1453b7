"""What instances said last, as the rows that a person walks through. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sersync.cli.instances import Answers
from sersync.cli.older import completed

Json = dict[str, Any]
Key = tuple[str, str, str]
"""The state directory of the instance, the source and the target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One target, with what it belongs to."""

    instance: Json
    source: Json
    target: Json

    @property
    def key(self) -> Key:
        """What it is known by from one answer to the next."""
        return self.instance["state_dir"], self.source["name"], self.target["target"]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """All rows, and who does not answer."""

    rows: tuple[Row, ...] = ()
    silent: tuple[str, ...] = ()
    is_old: bool = False
    """Nobody answers now; the rows are those of the last answer."""


def seen(answers: Answers, before: View) -> View:
    """Return what *answers* show; what stood there *before* where nobody answers any more."""
    documents = [completed(each) for each in answers.documents]
    silent = tuple(map(str, answers.silent))
    if not documents and not silent:
        silent = (f"any instance (looked in {answers.looked_in})",)
    if not documents and before.rows:
        return View(rows=before.rows, silent=silent, is_old=True)
    return View(rows=tuple(_rows(documents)), silent=silent)


def _rows(documents: list[Json]) -> Iterator[Row]:
    for document in documents:
        for source in document["sources"]:
            for target in source["targets"]:
                yield Row(instance=document, source=source, target=target)
