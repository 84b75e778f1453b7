"""From the lines of an rsyncd.conf to modules and what holds for each, as the daemon does it.

Files are reached through a port, so that this is pure. What the daemon would only log, or would not
start for, becomes a ``Remark`` with its place.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Protocol

from sersync.rsyncd.parameters import FACILITIES, PARAMETERS, Kind, Parameter, boolean, spelled
from sersync.rsyncd.syntax import Broken, Directive, Header, Ignored, Setting, parse

_DEEPEST: Final = 16
_SUFFIXES: Final = {"&include": ".conf", "&merge": ".inc"}
"""Which files of a directory each directive reads (rsyncd.conf(5), CONFIG DIRECTIVES)."""


class Files(Protocol):
    """Where configurations are read from. Both raise ``OSError``."""

    def text(self, path: str) -> str:
        """Return the content of a regular file, bytes that are no UTF-8 as surrogate escapes."""

    def names(self, path: str) -> Sequence[str] | None:
        """Return the names in a directory; None when *path* is a regular file."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Place:
    """A line of a file."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class Fault(Enum):
    """What can be wrong with a line by itself."""

    BROKEN = "broken"
    """The daemon does not start, or refuses every connection."""
    IGNORED = "ignored"
    UNKNOWN = "unknown"
    MISPLACED = "misplaced"
    """A parameter of the whole daemon in a module."""
    BAD_VALUE = "bad value"
    REPEATED = "repeated"
    """Set once more in the same section: the last one holds."""
    REOPENED = "reopened"
    """A module's header once more: both are one module."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """Something about one line. *name* and *value* are those of its parameter, or its text."""

    fault: Fault
    place: Place
    name: str
    value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """What a parameter was set to, and where."""

    parameter: Parameter
    text: str
    place: Place


@dataclass(slots=True, kw_only=True)
class Section:
    """A module, or the global part: what it sets itself, and what it had from above."""

    name: str
    place: Place
    own: dict[str, Value] = field(default_factory=dict)
    inherited: dict[str, Value] = field(default_factory=dict)

    def find(self, name: str) -> Value | None:
        """Return what *name* is set to, here or above; None where the default holds."""
        return self.own.get(name) or self.inherited.get(name)

    def text(self, name: str) -> str:
        """Return the value of *name* that holds."""
        value = self.find(name)
        return PARAMETERS[spelled(name)].default if value is None else value.text

    def flag(self, name: str) -> str:
        """Return "yes", "no" or "unset" for a boolean *name*."""
        return boolean(self.text(name), may_be_unset=True)

    def place_of(self, name: str) -> Place:
        """Return where *name* is set, or the header where it is not."""
        value = self.find(name)
        return self.place if value is None else value.place

    @property
    def served_as(self) -> str:
        """The name that clients see; a module may set another one than its header's."""
        own = self.own.get("name")
        return self.name if own is None else own.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """Everything that a daemon would be told. With a BROKEN remark it ends where that stands."""

    file: str
    common: Section
    modules: tuple[Section, ...]
    remarks: tuple[Remark, ...]

    @property
    def is_broken(self) -> bool:
        """The daemon does not serve with this."""
        return any(remark.fault is Fault.BROKEN for remark in self.remarks)

    def module(self, name: str) -> Section | None:
        """Return the module that clients reach as *name*."""
        return next((each for each in self.modules if each.served_as == name), None)


def read_configuration(file: str, files: Files) -> Configuration:
    """Return what *file* and all that it includes mean. Raises ``OSError`` for *file* itself."""
    reader = _Reader(file, files)
    reader.read(file, files.text(file), depth=0)
    reader.inherit_late()
    return Configuration(
        file=file,
        common=reader.common,
        modules=tuple(reader.modules),
        remarks=tuple(reader.remarks),
    )


class _Reader:
    """The state of one reading: which section is open, and what holds for the next one."""

    def __init__(self, file: str, files: Files) -> None:
        self.common = Section(name="", place=Place(file=file, line=1))
        self.modules: list[Section] = []
        self.remarks: list[Remark] = []
        self._files = files
        self._open: Section = self.common
        self._is_over = False

    def read(self, file: str, text: str, *, depth: int) -> None:
        """Take in the lines of one file, up to what breaks it."""
        for item in parse(text):
            place = Place(file=file, line=item.line)
            match item:
                case Header(name=name):
                    self._header(name, place)
                case Setting(name=name, value=value):
                    self._setting(name, value, place)
                case Directive(name=name, value=value):
                    self._directive(name.lower(), value, place, depth)
                case Ignored(text=ignored):
                    self._remark(Fault.IGNORED, place, ignored)
                case Broken(message=message):
                    self._break(place, message)
            if self._is_over:
                return

    def inherit_late(self) -> None:
        """Give modules what was set for all after them: of texts that nobody had set before.

        The daemon copies the defaults where a module begins, but a text that is not set by then it
        looks up in the defaults whenever it is asked for (loadparm.c, FN_LOCAL_STRING).
        """
        late = {
            name: value
            for name, value in self.common.own.items()
            if value.parameter.kind in (Kind.TEXT, Kind.PATH) and not value.parameter.default
        }
        for module in self.modules:
            module.inherited = late | module.inherited

    def _remark(self, fault: Fault, place: Place, name: str, value: str = "") -> None:
        self.remarks.append(Remark(fault=fault, place=place, name=name, value=value))

    def _break(self, place: Place, message: str) -> None:
        self._remark(Fault.BROKEN, place, message)
        self._is_over = True

    def _header(self, name: str, place: Place) -> None:
        if spelled(name) == "GLOBAL":
            self._open = self.common
            return
        if "/" in name:
            self._break(place, f"the name of a module has no slash: [{name}]")
            return
        for module in self.modules:
            if spelled(module.served_as) == spelled(name):
                self._remark(Fault.REOPENED, place, name)
                self._open = module
                return
        # A module has the defaults as they are where it begins.
        self._open = Section(name=name, place=place, inherited=dict(self.common.own))
        self.modules.append(self._open)

    def _setting(self, name: str, value: str, place: Place) -> None:
        parameter = PARAMETERS.get(spelled(name))
        if parameter is None:
            self._remark(Fault.UNKNOWN, place, name, value)
            return
        if parameter.is_global and self._open is not self.common:
            self._remark(Fault.MISPLACED, place, parameter.name, value)
            return
        if not _is_taken(parameter, value):
            self._remark(Fault.BAD_VALUE, place, parameter.name, value)
            if parameter.kind is not Kind.NUMBER:
                return  # of a number the daemon takes what there is; any other line it ignores
        if parameter.name in self._open.own:
            self._remark(Fault.REPEATED, place, parameter.name, value)
        if parameter.kind is Kind.PATH:
            value = value[:1] + value[1:].rstrip("/")
        self._open.own[parameter.name] = Value(parameter=parameter, text=value, place=place)

    def _directive(self, name: str, path: str, place: Place, depth: int) -> None:
        suffix = _SUFFIXES.get(name)
        if suffix is None:
            self._break(place, f"there is no directive {name}; there are &include and &merge")
            return
        if depth >= _DEEPEST:
            self._break(place, f"{path} is included too deeply, perhaps by itself")
            return
        try:
            names = self._files.names(path)
            if names is None:
                members = [path]
            else:
                chosen = sorted((each for each in names if each.endswith(suffix)), key=os.fsencode)
                members = [os.path.join(path, each) for each in chosen]
            texts = [(member, self._files.text(member)) for member in members]
        except OSError as error:
            self._break(place, f"{error.filename or path} cannot be read: {error.strerror}")
            return
        self._take_in(texts, depth, is_apart=suffix == ".conf")

    def _take_in(self, texts: Sequence[tuple[str, str]], depth: int, *, is_apart: bool) -> None:
        before = dict(self.common.own)
        for member, text in texts:
            if is_apart:
                self._open = self.common
                self.common.own = dict(before)
            self.read(member, text, depth=depth + 1)
            if self._is_over:
                return
        if is_apart and texts:
            self.common.own = before
            self._open = self.common


def _is_taken(parameter: Parameter, value: str) -> bool:
    """Tell whether the daemon takes *value*; of a number it takes what there is of one."""
    if "%" in value:
        return True  # an environment variable, perhaps
    match parameter.kind:
        case Kind.BOOLEAN:
            return boolean(value) != ""
        case Kind.TRISTATE:
            return boolean(value, may_be_unset=True) != ""
        case Kind.NUMBER:
            return value.strip().lstrip("+-").isdecimal()
        case Kind.FACILITY:
            return value.lower() in FACILITIES or value.isdecimal()
        case _:
            return True
