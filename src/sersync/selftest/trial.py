"""What a row plays with: a source, targets, a daemon in between, and the comparison at the end."""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, Self

from sersync.linux.once import run_once
from sersync.model.path import RelPath, is_within
from sersync.selftest.instance import Instance, is_stopped
from sersync.selftest.row import Broken
from sersync.selftest.site import Setting, Site, local_site, served_site
from sersync.selftest.snapshot import Entry, differences, snapshot
from sersync.selftest.until import wait_until

_AT_REST: Final = ("in-sync", "settling")
_LOOK_AGAIN_S: Final = 0.05
_MOST_DIFFERENCES: Final = 20
_COMMAND_S: Final = 30.0

_DEFAULTS: Final[dict[str, Setting]] = {"max_delete": "off", "witness": "off"}
"""The witness finds by chance what was lost, and so would hide that something was."""

PATIENCE_S: Final = 15.0
"""How long a daemon that has nothing left to do may stand beside a difference."""
DEADLINE_S: Final = 100.0
"""How long targets may take to become the same."""


class Differs(Broken):
    """The trees have not become the same; each line names a path."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__(f"{len(lines)} {'difference' if len(lines) == 1 else 'differences'}")
        self.lines = tuple(lines)


class Trial:
    """One source with its targets and its daemon, in the directory *top*. For one thread."""

    def __init__(self, top: Path, *, seed: int = 0) -> None:
        self.top = top
        self.source = top / "source"
        self.instance = Instance(top / "daemon")
        self.sites: dict[str, Site] = {}
        self.chance = random.Random(seed)  # noqa: S311  # chance, no secret
        self.settings: dict[str, Setting] = {}
        """Settings of the whole configuration."""
        self.source_settings: dict[str, Any] = {}
        """Settings of the source."""
        self.notes: list[str] = []
        """What is worth telling besides."""
        self.changed = 0
        self.arrived = 0
        self.converged_s = 0.0
        self._known: dict[bytes, Entry] = {}
        self._cleanups = ExitStack()

    def __enter__(self) -> Self:
        self.source.mkdir()
        return self

    def __exit__(self, *_: object) -> None:
        self._cleanups.callback(self._close)
        self._cleanups.close()

    def at_the_end(self, undo: Callable[[], object]) -> None:
        """Do *undo* when all is over, before the daemon and its targets are ended."""
        self._cleanups.callback(undo)

    # What is there.

    def serve(
        self,
        name: str = "copy",
        *,
        is_proxied: bool = False,
        has_password: bool = False,
        max_connections: int = 0,
        hides: tuple[str, ...] = (),
        **settings: Setting,
    ) -> Site:
        """Add a target on an rsync daemon of its own; *settings* are those of its table."""
        site = served_site(
            name,
            self.top / name,
            settings={**_DEFAULTS, **settings},
            is_proxied=is_proxied,
            has_password=has_password,
            max_connections=max_connections,
            hides=hides,
        )
        self.sites[name] = site
        return site

    def copy_to(self, name: str = "near", **settings: Setting) -> Site:
        """Add a target that is a local directory."""
        settings = {**_DEFAULTS, **settings}
        self.sites[name] = local_site(name, self.top / name, settings=settings)
        return self.sites[name]

    def plant(self, directories: int = 4, files: int = 10, *, root: Path | None = None) -> None:
        """Make a small tree."""
        top = root or self.source
        for number in range(directories):
            (top / f"d{number}").mkdir()
            for each in range(files):
                (top / f"d{number}" / f"f{each}").write_text(f"{number} {each} " * 20)
        (top / "kept").write_text("so that the root is never empty")
        (top / "link").symlink_to("d0/f0")

    def write_config(self) -> None:
        """Write the configuration as things stand now."""
        top = {"state_dir": os.fspath(self.instance.state_dir), "grace": "5s", **self.settings}
        source = {"name": "source", "root": os.fspath(self.source), **self.source_settings}
        lines = [f"{key} = {json.dumps(value)}" for key, value in top.items()]
        lines += ["[[source]]", *(f"{key} = {json.dumps(value)}" for key, value in source.items())]
        lines += [site.table for site in self.sites.values()]
        self.instance.config_file.write_text("\n".join(lines) + "\n")

    # What happens.

    def begin(self, *, is_remembered: bool = False) -> None:
        """Plant a tree unless there is one, start, and wait until every target is the same.

        Without a target so far, one on an rsync daemon is added. *is_remembered*: wait also until
        all that the daemon knows is stored, so that the next start trusts it, and compares with the
        targets only what has changed.
        """
        if not any(self.source.iterdir()):
            self.plant()
        if not self.sites:
            self.serve()
        self.start()
        self.converge(is_counted=False)
        if is_remembered:
            # One more change, and one more checkpoint: that the first pass is over is part of it.
            (self.source / "kept").write_text("so that the root is never empty, and changes once")
            self.converge(is_counted=False)
            self.wait_for_memory()

    def start(self, *, is_awaited: bool = True) -> None:
        """Start the daemon with the configuration as it stands now."""
        self.write_config()
        self.instance.start(is_awaited=is_awaited)

    def restart_after_kill(self) -> None:
        """Kill the daemon (SIGKILL) and start it again."""
        self.instance.kill()
        self.start()

    def hold(self) -> None:
        """Let the daemon stand still (SIGSTOP), so that it reads no events."""
        pid = self.instance.pid
        self.instance.signal(signal.SIGSTOP)
        wait_until(lambda: is_stopped(pid), "the daemon stands still")

    def release(self) -> None:
        """Let the daemon go on (SIGCONT)."""
        self.instance.signal(signal.SIGCONT)

    def reload(self) -> None:
        """Write the configuration and let the daemon read it again (SIGHUP)."""
        self.write_config()
        self.instance.signal(signal.SIGHUP)

    def command(self, *argv: str) -> None:
        """Run a command of this host to its end. Raises ``Broken`` when it fails."""
        done = run_once(argv, deadline_s=_COMMAND_S)
        if done.code != 0:
            told = done.stderr.decode("utf-8", "replace").strip()
            raise Broken(f"{' '.join(argv)}: exit code {done.code}: {told}")

    def command_may_fail(self, *argv: str) -> None:
        """Run a command of this host to its end, whatever comes of it."""
        run_once(argv, deadline_s=_COMMAND_S)

    def sersync(self, command: str, *arguments: str, may_fail: bool = False) -> None:
        """Run ``sersync`` *command* for the daemon under test."""
        argv = (sys.executable, "-m", "sersync", command, *arguments)
        run = self.command_may_fail if may_fail else self.command
        run(*argv, "--state-dir", os.fspath(self.instance.state_dir))

    def target(self, name: str = "copy") -> dict[str, Any]:
        """Return what the daemon says of a target; empty when it says nothing."""
        return self.instance.targets().get(name, {})

    def wait_for_state(self, *states: str, name: str = "copy", within_s: float = 40.0) -> None:
        """Wait until the target is in one of *states*."""
        wait_until(
            lambda: self.target(name).get("state") in states,
            lambda: f"{name} is {' or '.join(states)}; it is {self._told(name)}",
            within_s=within_s,
        )

    def is_at_rest(self, name: str) -> bool:
        """Tell whether the daemon knows of nothing that the target does not have."""
        now = self.target(name)
        if now.get("state") not in _AT_REST or now["progress"] is not None:
            return False
        return not (now["pending"] or now["in_flight"] or now["runs"])

    def converge(
        self,
        *,
        within_s: float = DEADLINE_S,
        patience_s: float = PATIENCE_S,
        is_counted: bool = True,
    ) -> None:
        """Wait until every compared target is the same as the source, and the daemon at rest.

        Raises ``Differs`` when that does not come about within *within_s*, or when the daemon
        has nothing left to do for *patience_s* and still they differ.
        """
        began_s = time.monotonic()
        expected = self._snapshot(self.source, lambda _: False)
        fresh = {path for path, entry in expected.items() if self._known.get(path) != entry}
        fresh |= self._known.keys() - expected.keys()
        lines: list[str] = []
        for site in self.sites.values():
            if site.is_compared:
                lines += self._converge_one(site, began_s, within_s, patience_s)
        self._known = expected
        if is_counted:
            self.converged_s = max(self.converged_s, time.monotonic() - began_s)
            missing = sum(1 for path in fresh if any(_names(line, path) for line in lines))
            self.changed += len(fresh)
            self.arrived += len(fresh) - missing
        if lines:
            raise Differs(lines)

    def must_be_untouched(self, site: Site, within: bytes = b"") -> None:
        """Raise ``Differs`` unless *site* is what it was when the targets were last the same.

        *within*: only what is there, and below it, is looked at.
        """
        now = self._snapshot(site.root, site.exclude)
        before, after = (
            {
                path: entry
                for path, entry in tree.items()
                if is_within(RelPath(path), RelPath(within))
            }
            for tree in (self._known, now)
        )
        if lines := differences(before, after):
            raise Differs([f"{site.name}: {line}" for line in lines[:_MOST_DIFFERENCES]])

    def differences(self, site: Site) -> list[str]:
        """Return what differs between the source and *site* now, a line for each path."""
        if not site.root.is_dir():
            return ["the target's directory is not there"]
        expected = self._snapshot(self.source, site.exclude)
        found = self._snapshot(site.root, site.exclude)
        if site.has_whole_seconds:
            expected, found = _in_whole_seconds(expected), _in_whole_seconds(found)
        return differences(expected, found)

    def wait_for_memory(self) -> None:
        """Wait until the daemon has stored what every directory holds, and what is pending."""
        wait_until(self._is_remembered, "all that the daemon knows is stored")

    # Inside.

    def _is_remembered(self) -> bool:
        status = self.instance.status()
        return status is not None and status["sources"][0]["outdated"] == 0

    def _converge_one(
        self, site: Site, began_s: float, within_s: float, patience_s: float
    ) -> list[str]:
        idle_since_s: float | None = None
        while True:
            lines = self._looked_at(site)
            rests = self.is_at_rest(site.name)
            if not lines and rests:
                time.sleep(_LOOK_AGAIN_S)
                if not self._looked_at(site) and self.is_at_rest(site.name):
                    return []
            now_s = time.monotonic()
            if rests and not self.target(site.name).get("unconfirmed"):
                idle_since_s = idle_since_s or now_s
            else:
                # What is not confirmed is offered again after a minute.
                idle_since_s = None
            gave_up = idle_since_s is not None and now_s - idle_since_s > patience_s
            if gave_up or now_s - began_s > within_s:
                if not lines:
                    lines = [f"the same, but the daemon says {self._told(site.name)}"]
                shown = [f"{site.name}: {line}" for line in lines[:_MOST_DIFFERENCES]]
                more = len(lines) - _MOST_DIFFERENCES
                return shown + ([f"{site.name}: and {more} more"] if more > 0 else [])
            if not self.instance.is_running:
                raise Broken("the daemon has ended by itself")
            time.sleep(_LOOK_AGAIN_S)

    def _looked_at(self, site: Site) -> list[str]:
        try:
            return self.differences(site)
        except OSError as error:
            return [f"{error.filename!r}: {error.strerror}"]

    def _snapshot(self, root: Path, exclude: Callable[[bytes], bool]) -> dict[bytes, Entry]:
        return snapshot(root, devices=os.geteuid() == 0, exclude=exclude)

    def _told(self, name: str) -> str:
        now = self.target(name)
        if not now:
            return "nothing"
        reason = now["reason"]["message"] if now.get("reason") else ""
        counts = f"{now['pending']} pending, {now['in_flight']} in flight"
        return f"{now['state']} ({counts}{', ' * bool(reason)}{reason})"

    def _close(self) -> None:
        self.instance.close()
        for site in self.sites.values():
            site.close()


def _in_whole_seconds(entries: dict[bytes, Entry]) -> dict[bytes, Entry]:
    """Return *entries* as a coarse file system keeps them.

    Times of anything but regular files are left out: with a window of a second, rsync sets none
    that is near.
    """
    return {path: entry._replace(mtime_ns=_seconds(entry)) for path, entry in entries.items()}


def _seconds(entry: Entry) -> int | None:
    if entry.kind != "-" or entry.mtime_ns is None:
        return None
    return entry.mtime_ns // 10**9


def _names(line: str, path: bytes) -> bool:
    return os.fsdecode(path) in line
