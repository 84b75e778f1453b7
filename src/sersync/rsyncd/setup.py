"""What ``target init`` makes: one more module in an rsyncd.conf, nothing of it replaced. Pure."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sersync.errors import UsageError
from sersync.model.pasting import command_line
from sersync.rsyncd.conf import DaemonConfig, Module, render, render_module
from sersync.rsyncd.parameters import PARAMETERS, Kind, boolean, number, spelled
from sersync.rsyncd.reading import Configuration, Files, Section, read_configuration
from sersync.rsyncd.syntax import Header, Setting, parse

MAX_CONNECTIONS: Final = 64
"""Eight sources with default settings, each with its transfers and what it keeps ready."""
TIMEOUT_S: Final = 300
"""Ten times as long as a waiting connection of ours is silent."""
_HARMFUL: Final = (
    "exclude", "exclude from", "fake super", "filter", "hosts deny", "ignore errors", "include",
    "include from", "incoming chmod", "insecure links", "max verbosity", "refuse options",
    "strict modes", "temp dir", "write only",
)  # fmt: skip
"""What a module must not inherit from the global part, if it is to be an exact copy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """The module to be, and what its daemon is told where its file is new."""

    module: Module
    daemon: DaemonConfig
    as_root: bool


def new_text(wish: Wish, file: str, files: Files) -> str:
    """Return the text that *file* is to have; as it is, when the module is there already.

    Raises ``UsageError`` when a module of that name is there with other settings, or when the file
    cannot be read by the daemon.
    """
    try:
        text = files.text(file)
    except FileNotFoundError:
        return os.fsdecode(render(wish.daemon, as_root=wish.as_root))
    configuration = read_configuration(file, files)
    if configuration.is_broken:
        raise UsageError(
            f"{file} is broken, so nothing is added to it",
            hint=command_line("sersync", "target", "check", file),
        )
    section = os.fsdecode(render_module(wish.module, as_root=wish.as_root))
    present = _module_like(wish.module.name, configuration)
    if present is not None:
        _compare(present, section, file)
        return text
    _check_port(wish, configuration, file)
    section += "".join(f"{line}\n" for line in _protected(configuration, section))
    text = _with_globals(text, _missing_globals(wish, configuration))
    return text + ("" if text.endswith("\n") or not text else "\n") + "\n" + section


def _module_like(name: str, configuration: Configuration) -> Section | None:
    for module in configuration.modules:
        if spelled(module.served_as) == spelled(name):
            return module
    return None


def _compare(present: Section, section: str, file: str) -> None:
    """Raise unless *present* has all that *section* says."""
    differences = [
        f"{item.name} = {present.text(item.name)}   (wanted: {item.value})"
        for item in parse(section)
        if isinstance(item, Setting) and not _is_same(item, present.text(item.name))
    ]
    if differences:
        raise UsageError(
            f"{present.place}: the module [{present.served_as}] is there with other settings:\n"
            + "\n".join(differences),
            hint=f"Nothing is overwritten. Change {file} by hand, or choose another --module.",
        )


def _is_same(item: Setting, text: str) -> bool:
    if PARAMETERS[spelled(item.name)].kind in (Kind.BOOLEAN, Kind.TRISTATE):
        return boolean(item.value, may_be_unset=True) == boolean(text, may_be_unset=True)
    return item.value.replace(",", " ").split() == text.replace(",", " ").split()


def _check_port(wish: Wish, configuration: Configuration, file: str) -> None:
    port = number(configuration.common.text("port"))
    if wish.daemon.port and port and port != wish.daemon.port:
        raise UsageError(
            f"{configuration.common.place_of('port')}: the daemon listens on port {port} already",
            hint=f"Leave out --port, or change it in {file} for all of its modules.",
        )


def _protected(configuration: Configuration, section: str) -> Iterator[str]:
    """Yield settings that keep the new module from inheriting what would harm it."""
    own = {item.name for item in parse(section) if isinstance(item, Setting)}
    for name in _HARMFUL:
        value = configuration.common.find(name)
        default = PARAMETERS[spelled(name)].default
        if value is not None and value.text != default and name not in own:
            yield f"{name} = {default}".rstrip()


def _missing_globals(wish: Wish, configuration: Configuration) -> Iterator[str]:
    if wish.daemon.port and configuration.common.find("port") is None:
        yield f"port = {wish.daemon.port}"
    if configuration.common.find("socket options") is None:
        yield f"socket options = {wish.daemon.socket_options}"


def _with_globals(text: str, settings: Iterator[str]) -> str:
    """Return *text* with *settings* before its first module."""
    added = "".join(f"{line}\n" for line in settings)
    if not added:
        return text
    lines = text.splitlines(keepends=True)
    first = next((item.line for item in parse(text) if isinstance(item, Header)), 0)
    at = first - 1 if first else len(lines)
    before = "".join(lines[:at])
    return (
        before + ("" if before.endswith("\n") or not before else "\n") + added + "".join(lines[at:])
    )
