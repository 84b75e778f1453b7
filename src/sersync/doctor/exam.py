"""Sends a small directory to a target, reads it back, and removes it again."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from sersync.doctor import specimen
from sersync.doctor.target_facts import Kept
from sersync.linux.child import Child
from sersync.linux.children import Children
from sersync.linux.wake import Wake
from sersync.model.batch import Verdict
from sersync.model.capabilities import Capabilities
from sersync.model.filters import Filter
from sersync.model.options import RsyncOptions
from sersync.transfer.command import Kind, Recipe, destination, options
from sersync.transfer.launch import Launcher
from sersync.transfer.probe import PROBE_PREFIX
from sersync.transfer.verdict import Judgement, judge

_PLAIN: Final = ("--archive", "--hard-links", "--numeric-ids")
_MOST_TRIES: Final = 20
_LET_GO_S: Final = 0.25
_NO_REASON: Final = Judgement(verdict=Verdict.RETRY).reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """One rsync of ours that has ended."""

    code: int
    judgement: Judgement


class Exam:
    """Tries what one target keeps. For one thread; ``close`` gives everything back."""

    def __init__(self, launcher: Launcher, capabilities: Capabilities) -> None:
        # Of what the user adds only how names are converted: all else is asked for one by one.
        names = [each for each in launcher.target.options.passed if each.startswith("--iconv")]
        options = RsyncOptions(passed=(*_PLAIN, *names))
        self._target = replace(launcher.target, filters=Filter(), options=options, delete=False)
        self._rsh = launcher.rsh
        self._env = launcher.environment
        self._recipe = Recipe(kind=Kind.ENTRIES, capabilities=capabilities, max_delete=None)
        self._wake = Wake()
        self._children = Children(self._wake)
        self._name = PROBE_PREFIX + secrets.token_hex(8).encode()

    def close(self) -> None:
        """End what still runs."""
        self._children.close()
        self._wake.close()

    def run(self) -> Kept:
        """Return what the target keeps of our specimen."""
        top = os.fsencode(tempfile.mkdtemp(prefix="sersync-doctor-"))
        try:
            for name in (b"out", b"back", b"followed", b"empty"):
                os.mkdir(top + b"/" + name)
            specimen.make(top + b"/out")
            kept = self._try(top)
            return replace(kept, left_behind=self._remove(top + b"/empty"))
        finally:
            shutil.rmtree(top, ignore_errors=True)

    def _try(self, top: bytes) -> Kept:
        ours, theirs, followed = top + b"/out", top + b"/back", top + b"/followed"
        there = destination(self._target.endpoint) + self._name + b"/"
        before = time.time()
        sent = self._call(b"--recursive", b"--omit-dir-times", b"--", ours + b"/", there)
        after = time.time()
        if sent.judgement.verdict not in (Verdict.DONE, Verdict.PARTIAL):
            return Kept(trouble=sent.judgement.reason)
        with_xattrs = specimen.has_xattr(ours) and self._call(
            b"--xattrs", b"--", ours + b"/" + specimen.FILE, there
        )
        extra = [b"--xattrs"] if with_xattrs and with_xattrs.code == 0 else []
        got = self._call(b"--recursive", *extra, b"--", there, theirs + b"/")
        if not os.path.lexists(theirs + b"/" + specimen.FILE):
            return Kept(readable=False, trouble=None if got.code else _NO_REASON)
        self._call(b"--copy-links", b"--", there + specimen.LINK, followed + b"/")
        clock = specimen.clock(theirs)
        return Kept(
            mode=specimen.kept_mode(ours, theirs),
            owner=specimen.kept_owner(ours, theirs),
            times=specimen.kept_times(ours, theirs),
            symlinks=(symlinks := specimen.kept_symlinks(theirs)),
            hard_links=specimen.kept_hard_links(theirs),
            xattrs=bool(specimen.has_xattr(theirs)) if with_xattrs else None,
            names=specimen.kept_names(theirs),
            link_storage=specimen.link_storage(followed) if symlinks else "",
            clock_ahead_s=None if clock is None else _outside(clock, before, after),
        )

    def _remove(self, empty: bytes) -> str:
        """Remove what we sent; return why that was not possible."""
        mirrored = replace(self._target, delete=True, options=RsyncOptions(passed=()))
        done = self._run(
            [
                *options(mirrored, self._recipe, rsh=self._rsh),
                b"--recursive",
                b"--include=/" + self._name + b"/***",
                b"--exclude=*",
                b"--",
                empty + b"/",
                destination(self._target.endpoint),
            ]
        )
        if done.code == 0:
            return ""
        reason = done.judgement.reason
        return reason.message if reason is not None else f"rsync ended with code {done.code}"

    def _call(self, *more: bytes) -> Ended:
        return self._run([*options(self._target, self._recipe, rsh=self._rsh), *more])

    def _run(self, argv: Sequence[bytes]) -> Ended:
        """Run it to its end, again if the target still counts the connections before it."""
        for _ in range(_MOST_TRIES):
            ended = self._run_once(argv)
            if not ended.judgement.too_many_connections:
                break
            time.sleep(_LET_GO_S)
        return ended

    def _run_once(self, argv: Sequence[bytes]) -> Ended:
        child = Child(argv, env=self._env, cwd=b"/")
        self._children.add(child)
        self._children.feed(child, b"")
        deadline = time.monotonic() + 2 * self._target.timeout_s
        while time.monotonic() < deadline:
            for ended, code in self._children.wait(deadline - time.monotonic()):
                if ended is child:
                    return self._judged(child, code)
        self._children.kill(child)
        return self._judged(child, 30)

    def _judged(self, child: Child, code: int) -> Ended:
        said, told = child.stderr.text, child.stdout.text
        return Ended(code=code, judgement=judge(code, said, told, target=self._target, root=b"/"))


def _outside(moment: float, before: float, after: float) -> float:
    """Return by how much *moment* lies outside of the time between *before* and *after*."""
    if moment < before:
        return moment - before
    return max(0.0, moment - after)
