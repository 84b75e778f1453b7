"""Reads a confxml.xml: the same settings as from a ``sersync.toml``, and what has changed since."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from sersync.config.across import check_across, source_complaint
from sersync.config.confxml.any_bytes import validated
from sersync.config.confxml.document import Translated, translate
from sersync.config.confxml.hooks import watched_by
from sersync.config.confxml.notes import notes_on
from sersync.config.confxml.nouns import Confxml, Spot
from sersync.config.confxml.read import read
from sersync.config.confxml.tree import parse_tree
from sersync.config.confxml.values import Values
from sersync.config.findings import Findings
from sersync.config.lenient import to_look_at
from sersync.config.mistakes import PlaceOf
from sersync.config.positions import Path
from sersync.config.resolve import Resolved, resolve
from sersync.config.schema import Document
from sersync.config.toml import Loaded, surroundings, validated_in_part, without
from sersync.errors import ConfigError, Mistake
from sersync.model.written import Written


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """A confxml.xml in its own words and in those of ``sersync.toml``, and what is odd in it."""

    confxml: Confxml
    translated: Translated
    place_of: PlaceOf
    mistakes: tuple[Mistake, ...]
    """What stands in the place of these is as shipped, so that the rest can be checked too."""
    warnings: tuple[Mistake, ...]
    notes: tuple[Mistake, ...]


def understand(content: bytes, file: str, *, plugin: str = "") -> Understood:
    """Return what *content* says, with its mistakes; ``ConfigError`` if it is no confxml.xml.

    *file* is what messages call it. *plugin* is switched on in place of the one in the file.
    """
    values = Values(file)
    confxml = read(parse_tree(content, file), values, file)
    if plugin:
        confxml = _with_plugin(confxml, plugin, file)
    translated = translate(confxml, values, os.path.dirname(os.path.abspath(file)))
    return Understood(
        confxml=confxml,
        translated=translated,
        place_of=lambda path: _place(path, translated.spots, values),
        mistakes=tuple(values.mistakes),
        warnings=tuple(values.warnings),
        notes=tuple(notes_on(confxml, values)),
    )


def parse(
    content: bytes, file: str, environ: Mapping[str, str], *, only_to_look: bool = False
) -> Loaded:
    """Return the settings in *content*; ``ConfigError`` with all mistakes in it otherwise.

    *only_to_look*: a mistake is raised only where it keeps the file from meaning anything.
    """
    understood = understand(content, file)
    whole, warnings = resolved(understood, file, environ, across=True, only_to_look=only_to_look)
    return Loaded(
        settings=whole.settings,
        warnings=tuple(warnings),
        notes=understood.notes,
        mistakes=whole.mistakes,
    )


def parse_plugin_only(content: bytes, file: str, plugin: str) -> Loaded:
    """Return settings by which *plugin* runs for each change, and nothing is carried.

    A plugin with a directory of its own is told of that one, as in sersync 2. Raises
    ``ConfigError``.
    """
    understood = understand(content, file, plugin=plugin)
    whole, warnings = resolved(understood, file, {})
    watch = watched_by(understood.confxml.plugins[plugin])
    sources = tuple(replace(source, targets=()) for source in whole.settings.sources)
    if watch:
        sources = (replace(sources[0], root=os.fsencode(watch)),)
    settings = replace(whole.settings, sources=sources, failure_log="")
    findings = Findings(understood.place_of)
    for index, source in enumerate(sources):
        if complaint := source_complaint(source.root):
            findings.mistake(("source", index, "root"), complaint)
    if findings.mistakes:
        raise ConfigError(file, findings.mistakes)
    return Loaded(settings=settings, warnings=tuple(warnings))


def _with_plugin(confxml: Confxml, plugin: str, file: str) -> Confxml:
    if plugin not in confxml.plugins:
        mistake = Mistake(
            place=file,
            message=f"the plugin {plugin} is not set up",
            suggestion=f'<plugin name="{plugin}"> belongs in <head>, after </sersync>',
        )
        raise ConfigError(file, [mistake])
    return replace(confxml, plugin=plugin)


def resolved(
    understood: Understood,
    file: str,
    environ: Mapping[str, str],
    *,
    across: bool = False,
    only_to_look: bool = False,
) -> tuple[Resolved, list[Mistake]]:
    """Return what is meant, and all warnings; ``ConfigError`` with all mistakes otherwise.

    *across*: what only the disk can tell is looked at too.
    """
    findings = Findings(understood.place_of)
    mistakes, broken = list(understood.mistakes), set[Path]()
    document = _validated(understood, mistakes, broken)
    if document is None:
        raise _unusable(file, mistakes, understood.warnings)
    found = resolve(
        document,
        surroundings=surroundings(environ),
        findings=findings,
        written=Written.CONFXML,
    )
    if across:
        check_across(without(found, broken), findings)
    warnings = _in_order(list(dict.fromkeys([*understood.warnings, *findings.warnings])))
    if only_to_look and not mistakes:
        return to_look_at(found, findings), warnings
    if mistakes or findings.mistakes:
        raise _unusable(file, [*mistakes, *findings.mistakes], warnings)
    return found, warnings


def _validated(
    understood: Understood, mistakes: list[Mistake], broken: set[Path]
) -> Document | None:
    """Return as much of the document as can be checked further; None if nothing can."""
    raw = understood.translated.raw
    if mistakes and not raw["source"]:
        # Why there is none is known already; with some other, the rest can be checked.
        raw = raw | {"source": [{"root": "/", "target": [{"to": "localhost::none"}]}]}
        broken.add(("source", 0))
    validate = partial(validated, Document)
    return validated_in_part(raw, validate, understood.place_of, mistakes, broken)


def _unusable(file: str, mistakes: Iterable[Mistake], warnings: Iterable[Mistake]) -> ConfigError:
    # What holds for every target is found wrong with every target; once is enough.
    return ConfigError(
        file, _in_order(list(dict.fromkeys(mistakes))), warnings=_in_order(list(warnings))
    )


def _place(path: Path, spots: Mapping[Path, Spot], values: Values) -> str:
    """Say where in the file the setting at *path* comes from."""
    whole = path
    while path and path not in spots:
        shared = ("defaults", *path[4:])
        if path[0] == "source" and len(path) > 4 and shared in spots:
            path = shared
            break
        path = path[:-1]
    spot = spots.get(path)
    if spot is None:
        return f"{values.place((1, 1))}: {'.'.join(map(str, whole))}"
    return values.place(spot.position, spot.label)


def _in_order(mistakes: list[Mistake]) -> list[Mistake]:
    def line(mistake: Mistake) -> tuple[int, ...]:
        numbers = mistake.place.split(":")[1:3]
        return tuple(int(number) for number in numbers if number.isdigit())

    return sorted(mistakes, key=line)
