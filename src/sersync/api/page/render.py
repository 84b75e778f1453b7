"""The page as HTML. Heavy to import (jinja2), so that is left until somebody asks for it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any, Final
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from sersync.api.page.shapes import AnswerView, PageView
from sersync.model.figures import span
from sersync.model.path import display, printable

STATIC: Final = {
    "page.css": "text/css",
    "page.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}


def page(view: PageView, *, answer: AnswerView | None = None) -> bytes:
    """Return the whole page; *answer*: what was asked for in the search box is answered too."""
    return _environment().get_template("page.html").render(view=view, answer=answer).encode()


def live(view: PageView) -> bytes:
    """Return the part of the page that changes."""
    return _environment().get_template("live.html").render(view=view).encode()


@cache
def static(name: str) -> bytes:
    """Return one of the files in ``STATIC``."""
    return files("sersync.api.page").joinpath("static", name).read_bytes()


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("sersync.api.page"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_harmless,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "path": display,
        "query": quote,
        "span": span,
        "clock": lambda at: time.strftime("%H:%M:%S", time.localtime(at)),
        "moment": lambda at: datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds"),
    }
    return environment


def _harmless(value: Any) -> Any:
    """Return *value* without what would reorder or hide the text around it, wherever it is from."""
    if not isinstance(value, str) or hasattr(value, "__html__"):
        return value
    return "\n".join(map(printable, value.split("\n")))
