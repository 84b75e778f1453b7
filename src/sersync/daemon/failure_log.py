"""A file that lists what cannot be carried now, with commands that try it by hand.

It is for people: sersync never reads it, and tries everything again by itself.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shlex
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from sersync.model.batch import Outcome, Verdict
from sersync.model.capabilities import Capabilities
from sersync.model.pasting import resume_command, until_resumed
from sersync.model.path import RelPath, display
from sersync.model.status import BatchReport, DaemonStatus, TargetState, TargetStatus
from sersync.model.target import Settings, Source, Target
from sersync.transfer.command import Deletes, Kind, Recipe, command_with_names
from sersync.transfer.launch import today

log: Final = logging.getLogger("sersync.daemon")

_MOST_PATHS: Final = 1000
_HEAD: Final = (
    "# What sersync cannot carry now. It tries again by itself; to try by hand, paste a command.\n"
)


class FailureLog:
    """Keeps the file current. ``note`` is for the workers' threads, all else for the main one."""

    def __init__(self, wall: Callable[[], float] = time.time) -> None:
        self._wall = wall
        self._failed: dict[tuple[str, str], Outcome] = {}
        self._since: dict[tuple[str, str, str], float] = {}
        self._written: tuple[str, bytes] | None = None
        self._is_broken = False

    def note(self, report: BatchReport) -> None:
        """Remember the last run of each target that failed as a whole."""
        key = (report.source, report.target)
        if report.outcome.verdict in (Verdict.RETRY, Verdict.HALT):
            self._failed = {**self._failed, key: report.outcome}
        elif key in self._failed:
            self._failed = {each: was for each, was in self._failed.items() if each != key}

    def show(self, settings: Settings, status: DaemonStatus) -> None:
        """Write what fails now, if that has changed; a file that cannot be written is told once."""
        if not settings.failure_log:
            return
        content = os.fsencode(_HEAD + "".join(self._entries(settings, status)))
        if self._written == (settings.failure_log, content):
            return
        try:
            _replace(settings.failure_log, content)
        except OSError as error:
            if not self._is_broken:
                log.warning(
                    "the failure log %s cannot be written: %s. Replication goes on without it.",
                    settings.failure_log,
                    error.strerror,
                )
            self._is_broken = True
        else:
            self._is_broken = False
            self._written = (settings.failure_log, content)

    def _entries(self, settings: Settings, status: DaemonStatus) -> Iterator[str]:
        targets = {
            (source.name, target.name): (source, target)
            for source in settings.sources
            for target in source.targets
        }
        seen: set[tuple[str, str, str]] = set()
        for halted, shown in ((s.halted, target) for s in status.sources for target in s.targets):
            known = targets.get((shown.source, shown.target))
            if known is not None:
                is_own = halted is None or shown.reason != halted
                yield from self._of(*known, shown, seen, is_own=is_own, state_dir=status.state_dir)
        self._since = {key: since for key, since in self._since.items() if key in seen}

    def _of(
        self,
        source: Source,
        target: Target,
        shown: TargetStatus,
        seen: set[tuple[str, str, str]],
        *,
        is_own: bool,
        state_dir: str,
    ) -> Iterator[str]:
        """Yield the entries on one target; *is_own*: its reason is not that of the source.

        No command is listed for what a person has to confirm: it would delete by hand.
        """

        def since(what: str) -> str:
            key = (source.name, target.name, what)
            seen.add(key)
            at = self._since.setdefault(key, self._wall())
            return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))

        if (reason := shown.reason) is not None:
            remedy = reason.remedy
            if is_own and shown.state is TargetState.HALTED and not reason.needs_confirm:
                resume = resume_command(state_dir, source.name, target.name, confirm=False)
                remedy = until_resumed(remedy, resume)
            said = f"{reason.message}. {remedy}".rstrip()
            yield _comment(f"{since(reason.message)} {source.name} -> {target.name}: {said}")
        if reason is not None and is_own and not reason.needs_confirm:
            failed = self._failed.get((source.name, target.name))
            paths = [path.path for path in failed.paths] if failed is not None else []
            yield pasteable(source, target, paths)
        for problem in shown.problems:
            where = display(problem.path)
            said = f"{problem.message}. {problem.remedy}".rstrip(" .")
            yield _comment(f"{since(where)} {source.name} -> {target.name}: {where}: {said}")
            yield pasteable(source, target, [problem.path])
        if shown.problems_omitted:
            yield _comment(f"{target.name}: {shown.problems_omitted} more paths fail")


def pasteable(source: Source, target: Target, paths: Sequence[RelPath]) -> str:
    """Return a shell command that carries *paths*, or with none of them everything.

    What is gone is deleted by it. With a filter that rsync cannot apply, nothing is; and
    everything is then not carried either, but only listed.
    """
    is_exact = target.filters.is_exact
    recipe = Recipe(
        kind=Kind.LARGE,
        capabilities=Capabilities(),
        max_delete=None,
        trash=today() if target.trash_s else b"",
        deletes=Deletes.LISTED if is_exact else Deletes.NOTHING,
    )
    names = [path or b"./" for path in paths[:_MOST_PATHS]] or [b"./"]
    extra = [] if paths else [b"--recursive", *([] if is_exact else [b"--dry-run"])]
    words = command_with_names(target, recipe, names, extra=extra)
    more = f"  # and {len(paths) - _MOST_PATHS} more paths" if len(paths) > _MOST_PATHS else ""
    line = " ".join(shlex.quote(os.fsdecode(word)) for word in words)
    return f"cd {shlex.quote(os.fsdecode(source.root))} && {line}{more}\n"


def _comment(text: str) -> str:
    """Return *text* as one line that no shell takes for a command."""
    return f"\n# {' '.join(text.split())}\n"


def _replace(path: str, content: bytes) -> None:
    """Put *content* in the place of the file at *path*, as a whole; only its owner may read it."""
    os.makedirs(os.path.dirname(path) or ".", mode=0o750, exist_ok=True)
    beside = f"{path}.{os.getpid()}"
    fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(content)
        os.rename(beside, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(beside)
        raise
