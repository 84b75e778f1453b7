"""Puts service files where this host looks for them, and takes them away again."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sersync.errors import EnvironmentMissing, UsageError
from sersync.linux.once import run_once
from sersync.model.pasting import command_line

_UNITS: Final = "etc/systemd/system"
_SCRIPTS: Final = "etc/init.d"
_MARK: Final = "Made by `sersync service install`."


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A host, or an image of one below *root*."""

    root: Path

    @property
    def is_image(self) -> bool:
        """It is not the running system, so nothing is started."""
        return self.root != Path("/")

    @property
    def has_systemd(self) -> bool:
        """Units are what counts there (sd_booted(3)); an image is taken to have systemd."""
        return self.is_image or Path("/run/systemd/system").is_dir()

    def unit_file(self, unit: str) -> Path:
        """Return where *unit* belongs."""
        return self.root / _UNITS / unit

    def script_file(self, service: str) -> Path:
        """Return where the rc script of *service* belongs."""
        return self.root / _SCRIPTS / service


def put(file: Path, text: str, *, mode: int) -> bool:
    """Write *text* to *file* in one step; tell whether it was another before.

    Raises ``UsageError`` for a file that was not made by us, ``EnvironmentMissing`` without the
    right to write there.
    """
    known = _content(file)
    if known == text:
        return False
    if known and _MARK not in known:
        aside = command_line("mv", f"{file}", f"{file}.old")
        raise UsageError(f"{file} is not ours, so it is left alone", hint=aside)
    draft = file.with_name(f".{file.name}.new")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(text)
        draft.chmod(mode)
        draft.replace(file)
    except OSError as error:
        raise EnvironmentMissing(
            f"{file} cannot be written: {error.strerror}",
            hint="Run this as root, or look at it first with --print.",
        ) from error
    return True


def enable(place: Place, unit: str) -> list[str]:
    """Let *unit* start at boot, and now; return what failed, in words."""
    if place.is_image:
        link = place.unit_file("multi-user.target.wants") / unit
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.is_symlink():
            link.symlink_to(f"../{unit}")
        return []
    failed = _systemctl("daemon-reload") + _systemctl("enable", unit)
    # A start may take as long as the tree is large; it is not waited for.
    return failed + _systemctl("restart", "--no-block", unit)


def take_away(place: Place, unit: str) -> bool:
    """Stop *unit* and remove its file; tell whether there was one. The state stays."""
    file = place.unit_file(unit)
    if not file.exists():
        return False
    if _MARK not in _content(file):
        raise UsageError(f"{file} is not ours, so it is left alone")
    if not place.is_image:
        _systemctl("disable", "--now", unit)
    (place.unit_file("multi-user.target.wants") / unit).unlink(missing_ok=True)
    file.unlink()
    if not place.is_image:
        _systemctl("daemon-reload")
    return True


def take_script_away(place: Place, service: str) -> bool:
    """Stop the rc script of *service* and remove it; tell whether there was one."""
    file = place.script_file(service)
    if not file.exists():
        return False
    if _MARK not in _content(file):
        raise UsageError(f"{file} is not ours, so it is left alone")
    if not place.is_image:
        run_once([os.fspath(file), "stop"], deadline_s=120.0)
    file.unlink()
    return True


def active_rivals(units: Sequence[str]) -> list[str]:
    """Return those of *units* that run on this host."""
    return [
        unit
        for unit in units
        if run_once(["systemctl", "is-active", "--quiet", unit], deadline_s=10.0).code == 0
    ]


def _systemctl(*words: str) -> list[str]:
    done = run_once(["systemctl", *words], deadline_s=60.0)
    if done.code == 0:
        return []
    said = (done.stderr or done.stdout).decode("utf-8", "replace").strip()
    return [f"systemctl {' '.join(words)}: {said or f'code {done.code}'}"]


def _content(file: Path) -> str:
    try:
        return file.read_text("utf-8", "replace")
    except OSError:
        return ""
