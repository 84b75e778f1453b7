"""What becomes of each of rsync's options, as a Markdown table. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sersync.config.rsync_table import OPTIONS, Fate, Option

_TITLES: Final = {
    Fate.PASSED: (
        "Passed on",
        "They go to every run as they stand, with rsync's own meaning.",
    ),
    Fate.TRANSLATED: (
        "Translated",
        "A mechanism of sersync does what they mean, for single changes and for full passes alike.",
    ),
    Fate.DISPLAY: (
        "Display only",
        "They change what rsync prints, which nobody sees here: accepted, without effect.",
    ),
    Fate.REFUSED: ("Refused", "They are mistakes in a configuration, for the reason given."),
}


def options_page() -> str:
    """Return the content of ``docs/rsync-options.md``."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield "# rsync's options"
    yield ""
    yield "Every option of rsync(1) can be given in `rsync_options`, in its short, combined or long"
    yield "form, and in `commonParams` of a confxml.xml. Without `-r` or `-a` only what lies in the"
    yield "root itself is carried. What becomes of each:"
    yield ""
    for fate, (title, prose) in _TITLES.items():
        yield f"## {title}"
        yield ""
        yield prose
        yield ""
        yield "| option | also | what to know |"
        yield "|---|---|---|"
        for option in sorted(OPTIONS, key=lambda each: each.name.lower()):
            if option.fate is fate:
                yield f"| `{_spelled(option)}` | {_others(option)} | {option.note} |"
        yield ""
    yield "This page is generated: `python -m sersync.cli.reference`."
    yield ""


def _spelled(option: Option) -> str:
    return option.spelling + ("=…" if option.takes_value else "")


def _others(option: Option) -> str:
    others = [f"--{alias}" for alias in option.aliases if len(alias) > 1]
    if option.letter and len(option.name) > 1:
        others.insert(0, f"-{option.letter}")
    if option.can_be_negated:
        others.append(f"--no-{option.name}")
    return ", ".join(f"`{each}`" for each in others)
