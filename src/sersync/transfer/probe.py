"""What can the target do? Found out by trying, never by a version.

A small file with a random name is pushed, looked at by a dry run and removed again, with the
very options that transfers use. Nothing else on the target is touched, and its root is given back
the times that it had.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from sersync.linux.child import Child
from sersync.linux.children import Children
from sersync.model.batch import Outcome, Reason, Verdict
from sersync.model.capabilities import Capabilities
from sersync.model.filters import Filter
from sersync.model.options import RsyncOptions
from sersync.model.target import TRASH
from sersync.transfer.command import Kind, Recipe, command, destination, name_list, options
from sersync.transfer.launch import Launcher
from sersync.transfer.output import parse_items
from sersync.transfer.unit import ROOT_ATTRIBUTES
from sersync.transfer.verdict import Judgement, judge

PROBE_PREFIX: Final = b".sersync-probe-"
_ODD_NS: Final = 123_456_789
_DEADLINE_FACTOR: Final = 3
_GIVEN_BACK_AFTER_S: Final = 3.0
_LOOK_AGAIN_S: Final = 0.1
_MOST_QUESTIONS: Final = 3
"""So often is asked for an ability before a target that answers without it is taken to lack it."""
_NOTES: Final = {
    "fsync": "its rsync, or the one here, is older than 3.2.4: what it takes is not written to disk"
    " at once (fsync)",
    "nanoseconds": "its rsync is older than 3.1.3, or behind rrsync, and compares whole seconds:"
    " what changes within a second of the last transfer is sent without comparing",
    "missing_args": "its rsync cannot delete by name: a deletion compares the whole directory that"
    " held the name",
}
"""What an operator should know of an ability that a target does not have."""


class Probe:
    """One look at one target. Lives in the worker's thread, shares its children."""

    def __init__(
        self,
        launcher: Launcher,
        children: Children,
        *,
        gives_root_back: bool = True,
        has_connected: bool = False,
    ) -> None:
        """*gives_root_back*: the target's root is the source's copy and gets its attributes.

        *has_connected*: another run of ours was let in just before, and may still be counted.
        """
        # The user's filters could hide the probe; it is none of the source's files. It is deleted
        # as extraneous too, of which a baseline takes no notice.
        self._target = replace(launcher.target, filters=Filter(), delete=True, baseline=False)
        self._root = launcher.root
        self._rsh = launcher.rsh
        self._scratch = launcher.scratch
        self._env = launcher.environment
        self._children = children
        self.name: Final = PROBE_PREFIX + secrets.token_hex(8).encode()
        self.capabilities = Capabilities()
        self.notes: tuple[str, ...] = ()
        self.connecting_s = 0.0
        """How long a run takes that has nothing to do."""
        self._gives_root_back = gives_root_back
        self._has_connected = has_connected
        self._is_stopping: Callable[[], bool] = bool

    def run(self, is_stopping: Callable[[], bool]) -> Outcome | None:
        """Return None and set the capabilities, or return why the target is not ready."""
        self._is_stopping = is_stopping
        directory = b""
        try:
            directory = self._scratch("probe")
            return self._run(directory)
        except OSError as error:
            return Outcome(verdict=Verdict.RETRY, paths=(), reason=_no_place(error))
        finally:
            if directory:
                shutil.rmtree(directory, ignore_errors=True)

    def _run(self, directory: bytes) -> Outcome | None:
        file = directory + b"/" + self.name
        with open(file, "wb") as probe:
            probe.write(b"sersync probes this target; remove me if I am still here\n")
        second = int(time.time()) - 10
        os.utime(file, ns=(second * 10**9 + _ODD_NS,) * 2)
        if self._target.trash_s:
            os.mkdir(directory + b"/" + TRASH, 0o700)
        judgement = self._push(directory)
        if judgement.verdict is not Verdict.DONE:
            return _failure(judgement)
        if self.capabilities.nanoseconds:
            self._measure_times(directory)
        os.unlink(file)
        begun = time.monotonic()
        judgement, _ = self._call(self._removal(directory), b"", directory)
        self.connecting_s = time.monotonic() - begun
        if judgement.verdict is not Verdict.DONE:
            return _failure(judgement)
        if self._gives_root_back:
            self._put_root_back()
        return None

    def _put_root_back(self) -> None:
        """Give the target's root its times again: a file that came and went has changed them."""
        # Where that fails, the root was just changed or lost; then it is carried by itself.
        with contextlib.suppress(OSError):
            self._call(self._command(self._root), name_list([ROOT_ATTRIBUTES]), self._root)

    def _push(self, directory: bytes) -> Judgement:
        """Push the probe, giving up one ability after the other until the target takes it."""
        names = [b"/" + self.name, b"/" + self.name + b".gone"]
        names += [b"/" + TRASH] if self._target.trash_s else []
        judgement, _ = self._call(self._command(directory), name_list(names), directory)
        if judgement.missing_args_rejected:
            self._give_up("missing_args")
            judgement, _ = self._call(self._command(directory), name_list(names), directory)
        if self._target.fsync and judgement.exit_code in (1, 4):
            self._give_up("fsync")
            judgement, _ = self._call(self._command(directory), name_list(names), directory)
        doubted: list[str] = []
        for ability in ("fsync", "nanoseconds", "missing_args"):
            if not judgement.connection_reset:
                break
            if ability == "fsync" and not self._target.fsync:
                continue
            self._give_up(ability)
            doubted.append(ability)
            judgement, _ = self._call(self._command(directory), name_list(names), directory)
        if judgement.connection_reset:
            # It rejects even the plainest run: the network is at fault, not an old rsync.
            self.capabilities = Capabilities()
        elif judgement.verdict is Verdict.DONE:
            for ability in doubted:
                self._ask_again(ability, directory, names)
        self.notes = tuple(
            note for ability, note in _NOTES.items() if not getattr(self.capabilities, ability)
        )
        return judgement

    def _give_up(self, ability: str) -> None:
        self.capabilities = _with(self.capabilities, ability, can=False)

    def _ask_again(self, ability: str, directory: bytes, names: list[bytes]) -> None:
        """Take *ability* back if it was a passing trouble of the network that cost it.

        An old rsync answers an option that it does not know by a reset connection, but so does
        a target that is just going down or coming up.
        """
        without = self.capabilities
        self.capabilities = _with(without, ability, can=True)
        for _ in range(_MOST_QUESTIONS):
            judgement, _ = self._call(self._command(directory), name_list(names), directory)
            if judgement.verdict is Verdict.DONE:
                return
        self.capabilities = without

    def _measure_times(self, directory: bytes) -> None:
        """Find out how finely the target's file system keeps modification times."""
        if not self._target.options.times or self._target.options.own_compare:
            return
        for granularity_ns in (1, 1_000_000_000, 2_000_000_000):
            self.capabilities = replace(self.capabilities, mtime_granularity_ns=granularity_ns)
            token = secrets.token_hex(8).encode() + b" "
            argv = self._command(directory, b"--dry-run", b"--out-format=" + token + b"%i %n")
            judgement, stdout = self._call(argv, name_list([b"/" + self.name]), directory)
            if judgement.verdict is not Verdict.DONE or not parse_items(stdout, token):
                break
        if self.capabilities.mtime_granularity_ns > 1:
            seconds = self.capabilities.mtime_granularity_ns // 1_000_000_000
            note = (
                f"its file system keeps times no finer than {seconds} s: what changes within that"
                " time is sent without comparing"
            )
            self.notes = (*self.notes, note)

    def _command(self, directory: bytes, *extra: bytes) -> list[bytes]:
        recipe = Recipe(kind=Kind.ENTRIES, capabilities=self.capabilities, max_delete=1)
        if not self.capabilities.missing_args:
            # Without names to delete, --delete would do no more than is tried below.
            plain = replace(self._target, delete=False)
            return command(plain, recipe, directory, rsh=self._rsh, extra=extra)
        return command(self._target, recipe, directory, rsh=self._rsh, extra=extra)

    def _removal(self, directory: bytes) -> list[bytes]:
        """Return a command that deletes probes, also those that a crash left behind.

        What the doctor leaves when it is killed is a directory with something in it.
        """
        recipe = Recipe(kind=Kind.ENTRIES, capabilities=self.capabilities, max_delete=None)
        # Without options of the user's, so that the root's own attributes stay as they are.
        bare = replace(self._target, options=RsyncOptions(passed=()))
        return [
            *options(bare, recipe, rsh=self._rsh),
            b"--include=/" + PROBE_PREFIX + b"*",
            b"--include=/" + PROBE_PREFIX + b"*/***",
            b"--exclude=*",
            b"--",
            directory + b"/",
            destination(self._target.endpoint),
        ]

    def _call(self, argv: Sequence[bytes], stdin: bytes, cwd: bytes) -> tuple[Judgement, bytes]:
        """Run *argv*; where connections are few, wait until the one before is given back.

        The daemon's side of a run ends some milliseconds after ours.
        """
        patience = time.monotonic() + _GIVEN_BACK_AFTER_S
        while True:
            judgement, stdout = self._try(argv, stdin, cwd)
            is_late = time.monotonic() > patience or self._is_stopping()
            if not (judgement.too_many_connections and self._has_connected) or is_late:
                self._has_connected |= not judgement.too_many_connections
                return judgement, stdout
            self._children.wait(_LOOK_AGAIN_S)

    def _try(self, argv: Sequence[bytes], stdin: bytes, cwd: bytes) -> tuple[Judgement, bytes]:
        child = Child(argv, env=self._env, cwd=cwd)
        self._children.add(child)
        self._children.feed(child, stdin)
        deadline = time.monotonic() + _DEADLINE_FACTOR * self._target.timeout_s
        while True:
            for ended, code in self._children.wait(deadline - time.monotonic()):
                if ended is child:
                    return self._judge(child, code), child.stdout.text
            if time.monotonic() > deadline or self._is_stopping():
                self._children.kill(child)
                return self._judge(child, 30), b""

    def _judge(self, child: Child, code: int) -> Judgement:
        return judge(code, child.stderr.text, child.stdout.text, target=self._target, root=b"")


def _with(capabilities: Capabilities, ability: str, *, can: bool) -> Capabilities:
    match ability:
        case "fsync":
            return replace(capabilities, fsync=can)
        case "nanoseconds":
            return replace(capabilities, nanoseconds=can)
        case _:
            return replace(capabilities, missing_args=can)


def _no_place(error: OSError) -> Reason:
    return Reason(
        message="the small file that targets are tried with cannot be written on this host:"
        f" {error.strerror}",
        remedy="Free some space for the state directory or in TMPDIR.",
        command="df -h /tmp /var/tmp",
    )


def _failure(judgement: Judgement) -> Outcome:
    verdict = Verdict.RETRY if judgement.verdict is not Verdict.HALT else Verdict.HALT
    reason = judgement.reason or Reason(message="the target did not take a small test file")
    return Outcome(verdict=verdict, paths=(), reason=reason, exit_code=judgement.exit_code)
