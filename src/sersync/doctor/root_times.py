"""Gives a target's root the times again that it had before anything was tried there."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import suppress
from dataclasses import replace
from typing import Final

from sersync.linux.once import Finished, run_once
from sersync.model.capabilities import Capabilities
from sersync.model.filters import Filter
from sersync.model.options import RsyncOptions
from sersync.transfer.command import Kind, Recipe, destination, options
from sersync.transfer.launch import Launcher
from sersync.transfer.verdict import judge

# Neither mode nor owner: they have not changed, and who is not root would send its own.
_TIMES: Final = RsyncOptions(passed=("--times",))
_OPTION_REFUSED: Final = (1, 2, 4, 12)
_GIVEN_BACK_AFTER_S: Final = 3.0
_LOOK_AGAIN_S: Final = 0.1


class RootTimes:
    """The times of one target's root. What cannot be read there cannot be given back either.

    A directory of ours has the times meanwhile: rsync sets them on it as it sets them there.
    """

    def __init__(self, launcher: Launcher) -> None:
        """Remember the times."""
        self._launcher = launcher
        self._target = replace(
            launcher.target,
            filters=Filter(), options=_TIMES, delete=False, baseline=False, fsync=False,
        )  # fmt: skip
        self._there = destination(self._target.endpoint)
        self._ours = b""
        self._capabilities = Capabilities()
        self._is_known = False
        # Without a place for it the trial itself fails, and says so.
        with suppress(OSError):
            self._ours = launcher.scratch("root") + b"/"
            self._is_known = self._remember()

    def give_back(self) -> None:
        """Set the times there again, and remove our directory."""
        if self._is_known:
            self._copy(self._ours, self._there)
        if self._ours:
            shutil.rmtree(self._ours, ignore_errors=True)

    def _remember(self) -> bool:
        code = self._copy(self._there, self._ours)
        if code in _OPTION_REFUSED:
            # An old rsync, or one behind rrsync: whole seconds must do.
            self._capabilities = Capabilities(nanoseconds=False)
            code = self._copy(self._there, self._ours)
        return code == 0

    def _copy(self, one: bytes, other: bytes) -> int:
        """Copy a directory's times; where connections are few, wait until one is given back."""
        recipe = Recipe(kind=Kind.ENTRIES, capabilities=self._capabilities, max_delete=None)
        before = options(self._target, recipe, rsh=self._launcher.rsh)
        argv = [*before, b"--exclude=*", b"--", one, other]
        environ = {os.fsdecode(k): os.fsdecode(v) for k, v in self._launcher.environment.items()}
        patience = time.monotonic() + _GIVEN_BACK_AFTER_S
        while True:
            done = run_once(
                argv,
                deadline_s=2 * self._target.timeout_s,
                environ=environ,
            )
            if not self._is_crowded(done) or time.monotonic() > patience:
                return done.code
            time.sleep(_LOOK_AGAIN_S)

    def _is_crowded(self, done: Finished) -> bool:
        said = judge(done.code, done.stderr, done.stdout, target=self._target, root=b"/")
        return said.too_many_connections
