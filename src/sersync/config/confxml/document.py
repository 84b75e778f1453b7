"""From what a confxml.xml says to a document as ``sersync.toml`` spells it.

So there is one meaning of settings, one check of them, and converting is writing this down. Pure.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from sersync.config.confxml.grammar import SWITCHES
from sersync.config.confxml.hooks import hook_table
from sersync.config.confxml.nouns import Confxml, LocalPath, Remote, Spot
from sersync.config.confxml.values import Values
from sersync.config.positions import Path
from sersync.config.rsync_words import Given, given_options
from sersync.model.api import is_loopback, parse_listen
from sersync.model.path import RelPath, is_within
from sersync.model.trigger import Trigger

EDITORS_FILES: Final = ("4913", "*~", ".*.sw[px]")
"""What vi and others write for a moment. The old daemon left out every name that begins with a
dot or ends with a tilde."""

_TRIGGER_OF: Final = {
    "delete": Trigger.DELETE,
    "createFolder": Trigger.CREATE_DIRECTORY,
    "createFile": Trigger.CREATE_FILE,
    "closeWrite": Trigger.CLOSE,
    "moveFrom": Trigger.MOVE_FROM,
    "moveTo": Trigger.MOVE_TO,
    "attrib": Trigger.ATTRIBUTES,
    "modify": Trigger.MODIFY,
}
_MODIFIED_EVERY: Final = "1s"
"""The old daemon carried an open file with each write, about as often as one transfer took."""

_PERMANENT: Final = {
    "createFolder": "new directories, and all that is ever put into them, are not carried",
    "closeWrite": "files that are written are not carried",
    "moveFrom": "what is moved away stays on the targets",
    "moveTo": "what is moved here is not carried",
}
"""Switches that leave the targets wrong for good, or until a full pass, when they are off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Translated:
    """A document, and where in the confxml.xml each of its settings comes from."""

    raw: dict[str, Any]
    spots: dict[Path, Spot] = field(default_factory=dict)


def translate(confxml: Confxml, values: Values, directory: str) -> Translated:
    """Return *confxml* as a document; what is odd about it goes to *values*.

    *directory* is the file's own, for paths that are not absolute.
    """
    return _Translation(confxml, values, directory).translate()


@dataclass(slots=True, kw_only=True)
class _Goal:
    """One remote of one localpath, on its way into the document."""

    source: int
    remote: Remote
    is_shared: bool = False

    @property
    def host(self) -> str:
        return self.remote.ip.lower()

    @property
    def place(self) -> RelPath:
        """The module, or the directory with ssh, by its normal name."""
        parts = [part for part in self.remote.name.split("/") if part not in ("", ".")]
        return RelPath(os.fsencode("/".join(parts)))


class _Translation:
    """Translates one file. For one call, on one thread."""

    def __init__(self, confxml: Confxml, values: Values, directory: str) -> None:
        self._confxml = confxml
        self._values = values
        self._directory = directory
        self._spots: dict[Path, Spot] = {}
        self._deletes = "delete" in confxml.switches

    def translate(self) -> Translated:
        raw: dict[str, Any] = {}
        if self._confxml.is_debug:
            raw["log_level"] = "debug"
        raw |= self._failures()
        raw |= self._page()
        raw["defaults"] = self._defaults()
        raw["source"] = list(self._sources())
        self._warn_of_switches()
        if self._confxml.plugin:
            raw["hooks"] = [hook_table(self._confxml, self._values)]
            self._mark(("hooks", 0), f"plugin.{self._confxml.plugin}")
            for at in range(len(raw["hooks"][0].get("include_regex", ()))):
                self._mark(("hooks", 0, "include_regex", at), f"command.{at}")
        return Translated(raw=raw, spots=self._spots)

    # For all targets.

    def _failures(self) -> dict[str, Any]:
        confxml = self._confxml
        if not confxml.fail_log:
            return {}
        self._mark(("failure_log",), "fail_log")
        return {
            "failure_log": os.path.join(self._directory, confxml.fail_log),
            "retry_failed": f"{confxml.fail_log_minutes}min",
        }

    def _page(self) -> dict[str, Any]:
        """Return where the status page listens; what cannot be is told, and there is none."""
        listen, trouble = page_of(self._confxml)
        if listen:
            self._mark(("api",), "host")
            return {"api": {"listen": listen}}
        if (spot := self._confxml.spots.get("host")) is not None:
            self._values.warning(
                spot,
                f"there is no status page: {trouble}",
                'hostip="localhost", or a sersync.toml with a token (sersync convert)',
            )
        return {}

    def _defaults(self) -> dict[str, Any]:
        confxml = self._confxml
        defaults: dict[str, Any] = {"rsync_options": self._options()}
        self._mark(("defaults", "rsync_options"), "params")
        if not self._deletes:
            defaults["delete"] = False
        if confxml.timeout_s is not None:
            defaults["timeout"] = confxml.timeout_s
            self._mark(("defaults", "timeout"), "timeout")
        if confxml.crontab is not None:
            defaults["full_pass"] = f"{confxml.crontab.minutes}min"
            self._mark(("defaults", "full_pass"), "crontab")
        if confxml.crontab_excludes:
            defaults["full_pass_exclude"] = list(confxml.crontab_excludes)
            for index in range(len(confxml.crontab_excludes)):
                self._mark(("defaults", "full_pass_exclude", index), f"crontab.{index}")
        return defaults | (self._by_daemon() if confxml.ssh is None else self._by_ssh())

    def _options(self) -> list[str]:
        try:
            words = shlex.split(self._confxml.params)
            return ["-r", *words] if lacks_recursion(words) else words
        except ValueError as error:
            self._values.mistake(
                self._confxml.spots["params"], f"cannot be split into options: {error}"
            )
            return ["-artuz"]

    def _by_daemon(self) -> dict[str, Any]:
        confxml = self._confxml
        settings: dict[str, Any] = {}
        if confxml.auth is not None:
            settings["password_file"] = confxml.auth.passwordfile
            self._mark(("defaults", "password_file"), "passwordfile")
        if confxml.port is not None:
            settings["port"] = confxml.port
            self._mark(("defaults", "port"), "port")
        return settings

    def _by_ssh(self) -> dict[str, Any]:
        confxml = self._confxml
        ssh = confxml.ssh
        if ssh is None or not (ssh.port or ssh.identity):
            return {}
        self._mark(("defaults", "ssh", "port"), "ssh.port")
        self._mark(("defaults", "ssh", "identity"), "ssh.identity")
        return {
            "ssh": ({"port": ssh.port} if ssh.port else {})
            | ({"identity": ssh.identity} if ssh.identity else {})
        }

    # Sources and targets.

    def _sources(self) -> Iterator[dict[str, Any]]:
        places = list(self._places())
        goals = [
            _Goal(source=index, remote=remote)
            for index, (_, paths) in enumerate(places)
            for path in paths
            for remote in path.remotes
        ]
        goals = self._without_repeats(goals)
        self._keep_apart(goals)
        names = _names([root for root, _ in places])
        for index, (root, paths) in enumerate(places):
            self._spots["source", index] = paths[0].spot
            self._spots["source", index, "root"] = paths[0].spot
            source: dict[str, Any] = {"name": names[index], "root": root}
            source |= self._watching(index)
            own = [goal for goal in goals if goal.source == index]
            source["target"] = [
                self._target(goal, ("source", index, "target", at)) for at, goal in enumerate(own)
            ]
            if own:
                yield source

    def _places(self) -> Iterator[tuple[str, list[LocalPath]]]:
        """Yield each directory with the elements that name it."""
        by_root: dict[str, list[LocalPath]] = {}
        for path in self._confxml.localpaths:
            root = path.watch if path.watch == "/" else path.watch.rstrip("/")
            if root in by_root:
                self._values.warning(path.spot, f"{root} is watched already; both are one source")
            by_root.setdefault(root, []).append(path)
        yield from by_root.items()

    def _watching(self, index: int) -> dict[str, Any]:
        confxml = self._confxml
        watching: dict[str, Any] = {"exclude": list(EDITORS_FILES)}
        if confxml.excludes:
            watching["exclude_regex"] = list(confxml.excludes)
            for at in range(len(confxml.excludes)):
                self._mark(("source", index, "exclude_regex", at), f"filter.{at}")
        triggers = [_TRIGGER_OF[name].value for name in SWITCHES if name in confxml.switches]
        if len(triggers) < len(SWITCHES):
            watching["triggers"] = triggers
        if "modify" in confxml.switches:
            watching["max_delay"] = _MODIFIED_EVERY
        return watching

    def _target(self, goal: _Goal, path: Path) -> dict[str, Any]:
        confxml, remote = self._confxml, goal.remote
        self._spots[path] = remote.spot
        host = f"[{remote.ip}]" if ":" in remote.ip.strip("[]") else remote.ip
        host = host.replace("[[", "[").replace("]]", "]")
        if confxml.ssh is not None:
            user = confxml.ssh.user or (confxml.auth.users if confxml.auth is not None else "")
            address = f"{host}:{remote.name}"
        else:
            user = confxml.auth.users if confxml.auth is not None else ""
            address = f"{host}::{remote.name}"
        target: dict[str, Any] = {"to": f"{user}@{address}" if user else address}
        if goal.is_shared and self._deletes:
            target["delete"] = False
        return target

    def _without_repeats(self, goals: list[_Goal]) -> list[_Goal]:
        kept: list[_Goal] = []
        for goal in goals:
            if any(
                (goal.source, goal.host, goal.place) == (each.source, each.host, each.place)
                for each in kept
            ):
                self._values.warning(goal.remote.spot, "this remote is here already")
            else:
                kept.append(goal)
        return kept

    def _keep_apart(self, goals: list[_Goal]) -> None:
        """Switch deletion off where two targets lie in one another: each would undo the other."""
        for at, goal in enumerate(goals):
            for other in goals[:at]:
                if goal.host != other.host:
                    continue
                if is_within(goal.place, other.place) or is_within(other.place, goal.place):
                    goal.is_shared = other.is_shared = True
                    line = other.remote.spot.position[0]
                    self._values.warning(
                        goal.remote.spot,
                        f"goes to the same place as the remote in line {line}, or into it; nothing"
                        " is deleted there, since each would delete what the other sends",
                        "give each its own module",
                    )

    def _warn_of_switches(self) -> None:
        for name, effect in _PERMANENT.items():
            if name not in self._confxml.switches:
                spot = self._confxml.spots[f"inotify.{name}"]
                self._values.warning(spot, f"{effect}, until a full pass", f'{name} start="true"')

    def _mark(self, path: Path, key: str) -> None:
        if (spot := self._confxml.spots.get(key)) is not None:
            self._spots[path] = spot


def _names(roots: list[str]) -> list[str]:
    """Return a name for each root: its last part, with a number where that is taken."""
    names: list[str] = []
    for root in roots:
        plain = os.path.basename(root) or "root"
        name, number = plain, 2
        while name in names:
            name, number = f"{plain}-{number}", number + 1
        names.append(name)
    return names


def lacks_recursion(words: list[str]) -> bool:
    """Tell whether nothing in *words* says how deep to go.

    The old daemon named each changed file to rsync, at any depth; only its full pass failed.
    """
    said = {each.option.name for each in given_options(words) if isinstance(each, Given)}
    return said.isdisjoint({"archive", "recursive", "dirs", "old-dirs"})


def page_of(confxml: Confxml) -> tuple[str, str]:
    """Return where the status page listens; or "", and why there is none."""
    host, port = confxml.host, confxml.host_port
    listen = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        address, _ = parse_listen(listen)
    except ValueError as error:
        return "", str(error)
    if is_loopback(address):
        return listen, ""
    return "", f"{listen} can be reached by other hosts, and nothing would keep them out"
