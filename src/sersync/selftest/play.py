"""Plays rows, each in a directory of its own, and says what came of them."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from sersync.errors import SersyncError
from sersync.selftest.faketime import faketime_library
from sersync.selftest.row import Broken, Need, Result, Row, Verdict
from sersync.selftest.trial import Differs, Trial

_SYSTEM_PATH: Final = f"{os.environ.get('PATH', '')}:/sbin:/usr/sbin"


def play_all(
    rows: Iterable[Row], *, seed: int = 0, keep: bool = False, place: Path | None = None
) -> Iterator[Result]:
    """Play *rows* one after the other; yield each result as it is there.

    *keep*: leave the directories of rows that failed. *place*: where to make them; None is the
    usual place of temporary files.
    """
    for row in rows:
        yield play(row, seed=seed, keep=keep, place=place)


def play(row: Row, *, seed: int = 0, keep: bool = False, place: Path | None = None) -> Result:
    """Play *row* and return what came of it. Nothing stays behind, unless *keep* and it failed."""
    if missing := unmet(row):
        return Result(
            name=row.name, promise=row.promise, verdict=Verdict.SKIPPED, reason=missing.value
        )
    top = Path(tempfile.mkdtemp(prefix="sersync-selftest-", dir=place)).resolve()
    is_kept = False
    try:
        result = _play_in(row, top, seed=seed, keep=keep)
        is_kept = keep and result.verdict is Verdict.FAILED
        return result
    finally:
        if not is_kept:
            shutil.rmtree(top, ignore_errors=True)


def unmet(row: Row) -> Need | None:
    """Return what *row* needs and this host or user does not have; None when it can be played."""
    return next((need for need in row.needs if not _is_met(need)), None)


def _is_met(need: Need) -> bool:
    match need:
        case Need.ROOT | Need.MOUNTS:
            return os.geteuid() == 0
        case Need.FAKETIME:
            return faketime_library() is not None
        case Need.EXT4:
            is_there = shutil.which(
                "mkfs.ext4", path=f"{os.environ.get('PATH', '')}:/sbin:/usr/sbin"
            )
            return bool(is_there) and os.geteuid() == 0 and Path("/dev/loop-control").exists()


def _play_in(row: Row, top: Path, *, seed: int, keep: bool) -> Result:
    began_s = time.monotonic()
    reason, log = "", ""
    lines: tuple[str, ...] = ()
    trial = Trial(top, seed=seed)
    with trial:
        try:
            row.play(trial)
        except Differs as failure:
            reason, lines = str(failure), failure.lines
        except (Broken, SersyncError, OSError) as failure:
            reason = str(failure)
        if reason:
            log = trial.instance.last_words
    return Result(
        name=row.name,
        promise=row.promise,
        verdict=Verdict.FAILED if reason else Verdict.PASSED,
        changed=trial.changed,
        arrived=trial.arrived,
        differences=lines,
        converged_s=trial.converged_s,
        took_s=time.monotonic() - began_s,
        notes=tuple(trial.notes),
        reason=reason,
        log=log,
        place=os.fspath(top) if keep and reason else "",
    )
