"""Three sources with five targets each, in every state that there is."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Sequence
from dataclasses import replace

from sersync.api.counting import RequestTally
from sersync.model.batch import Problem, Reason, Stage
from sersync.model.history import Sample, Transfer
from sersync.model.path import RelPath
from sersync.model.request import Deed, Did, Request, Verb
from sersync.model.status import (
    AuditStatus,
    DaemonStatus,
    DirectoryCount,
    PassProgress,
    PendingStatus,
    SourceStatus,
    TargetState,
    TargetStatus,
    TransferStatus,
    WitnessStatus,
)
from sersync.model.tally import TargetTally
from tests.support.board import FakeBoard

HOSTILE = b"<script>alert(1)</script>\n\xff\xe2\x80\xaeexe.\"'"
_CONFIRM = "sersync resume --confirm --source www --target backup --state-dir /var/lib/sersync/all"
MASS_DELETION = Reason(
    message="5,214 entries are to be deleted on backup, after 0 within 60 s; the limit is 1000",
    remedy="They stay until a person decides. Look at the source: is everything there that should"
    " be? If the deletions are meant: " + _CONFIRM,
    command=_CONFIRM,
    needs_confirm=True,
)
UNMOUNTED = Reason(
    message="the source root /srv/mail is gone (No such file or directory)",
    remedy="Nothing was deleted on the targets. Bring the directory back, or mount its file system:"
    " replication then goes on by itself.",
    command="ls -ld /srv/mail; findmnt -T /srv/mail",
)
REFUSED = Reason(
    message="web3 refuses connections on port 873",
    remedy="Start the rsync daemon there, or let it through the firewall.",
    command="nc -vz web3.example.net 873",
)


def _target(source: str, name: str, state: TargetState, **known: object) -> TargetStatus:
    base = TargetStatus(
        source=source,
        target=name,
        endpoint=f"rsync://push@{name}.example.net/{source}",
        state=state,
        since_s=7523.0,
        batches=214,
        files=48_211,
        sent_bytes=3_812_993_024,
        last_success_s_ago=1.8,
        spares=2,
    )
    return replace(base, **known)  # type: ignore[arg-type]


def _problem(number: int) -> Problem:
    path = HOSTILE if number == 0 else f"upload/locked-{number}.bin".encode()
    return Problem(
        path=RelPath(path),
        stage=Stage.READ,
        message="it cannot be read: Permission denied",
        remedy="Let this user read it, or exclude it.",
        failures=7,
        retry_in_s=412.0,
    )


def _www() -> tuple[TargetStatus, ...]:
    return (
        _target(
            "www", "web1", TargetState.IN_SYNC, witness=WitnessStatus(looked_s_ago=38.0),
            audit=AuditStatus(
                every_s=604_800.0, entries=1893, rounds=2, drift=3, repaired=3,
                last_drift="img/logo.png", last_drift_at=time.time() - 7400.0,
            ),
        ),
        _target(
            "www", "web2", TargetState.TRANSFERRING,
            since_s=0.4, lag_s=0.31, pending=12, in_flight=40, runs=1, files_per_s=312.5,
            transfers=(
                TransferStatus(
                    kind="large", paths=40, bytes=62_914_560, bytes_total=104_857_600,
                    elapsed_s=2.4, first_path=RelPath(b"video/opening.mp4"),
                ),
            ),
        ),
        _target(
            "www", "web3", TargetState.BACKING_OFF,
            since_s=184.0, lag_s=190.0, pending=1893, retry_in_s=41.0, consecutive_failures=6,
            reason=REFUSED, last_success_s_ago=191.0, spares=0,
        ),
        _target(
            "www", "backup", TargetState.HALTED,
            since_s=2650.0, lag_s=2651.0, pending=5214, reason=MASS_DELETION, spares=0,
        ),
        _target(
            "www", "archive", TargetState.SETTLING,
            problems=tuple(map(_problem, range(6))), problems_omitted=994, quarantined=1000,
            pending=1000, lag_s=3.0,
        ),
    )  # fmt: skip


def _mail() -> tuple[TargetStatus, ...]:
    return tuple(
        _target("mail", name, TargetState.HALTED, reason=UNMOUNTED, spares=0)
        for name in ("mx1", "mx2", "mx3", "mx4", "store")
    )


def _media() -> tuple[TargetStatus, ...]:
    return (
        _target(
            "media", "node1", TargetState.RESYNCING,
            progress=PassProgress(entries=412_331, entries_total=1_204_118, elapsed_s=44.0),
            runs=2, lag_s=45.0, in_flight=20,
        ),
        _target("media", "node2", TargetState.PAUSED, since_s=90.0, pending=31, lag_s=88.0),
        _target("media", "node3", TargetState.IN_SYNC),
        _target("media", "node4", TargetState.STARTING, since_s=1.2, batches=0, files=0,
                sent_bytes=0, last_success_s_ago=None, spares=0),
        _target("media", "node5", TargetState.IN_SYNC,
                notes=("its file system keeps times no finer than 1 s",)),
    )  # fmt: skip


def daemon() -> DaemonStatus:
    """Return the status of the scene."""
    sources = (
        SourceStatus(
            name="www", root="/srv/www", watcher="inotify", directories=5012, halted=None,
            notes=(), targets=_www(),
        ),
        SourceStatus(
            name="mail", root="/srv/mail", watcher="inotify", directories=0, halted=UNMOUNTED,
            notes=(), targets=_mail(),
        ),
        SourceStatus(
            name="media", root="/srv/media", watcher="inotify", directories=88_120, halted=None,
            notes=("the limit of watches was raised to 1,048,576",), targets=_media(),
        ),
    )  # fmt: skip
    return DaemonStatus(
        version="3.0.0", pid=4711, uptime_s=93_784.0, config_file="/etc/sersync/sersync.toml",
        state_dir="/var/lib/sersync/all", sources=sources,
    )  # fmt: skip


class Scene:
    """A board whose status a test may change."""

    def __init__(self, now: float) -> None:
        self.now = now
        self.current = daemon()
        self.asked: list[Request] = []
        self.questions = FakeBoard().questions
        self.requests = RequestTally()

    def status(self) -> DaemonStatus:
        return self.current

    def act(self, request: Request) -> tuple[Deed, ...]:
        self.asked.append(request)
        did = {Verb.PAUSE: Did.PAUSED, Verb.RESUME: Did.RESUMED, Verb.RESYNC: Did.RESYNCING}
        return (Deed(source=request.source, target=request.target, did=did[request.verb]),)

    def set(self, source: str, target: str, **known: object) -> None:
        """Change what the status says of one target."""
        sources = tuple(
            replace(
                each,
                targets=tuple(
                    replace(one, **known) if (one.source, one.target) == (source, target) else one  # type: ignore[arg-type]
                    for one in each.targets
                ),
            )
            for each in self.current.sources
        )
        self.current = replace(self.current, sources=sources)

    def samples(self, source: str, target: str, since_s: float) -> Sequence[Sample]:
        """A day of which the last hour is known finely, as the history keeps it."""
        chance = random.Random(f"{source}/{target}")
        found = []
        sent = 0
        away_s = {"web3": 190.0, "backup": 2650.0}.get(target, 0.0)
        for before_s in (*range(86_400, 3600, -300), *range(3600, -1, -10)):
            every_s = 300 if before_s > 3600 else 10
            wave = 0.5 + 0.5 * math.sin(before_s / 9000 + chance.random() / 4)
            if before_s > away_s:
                sent += int((0.2 + chance.random() ** 4) * 600_000 * wave * every_s)
            lag = max(0.05 + chance.random() ** 6 * 4, away_s - before_s)
            found.append(
                Sample(
                    at=self.now - before_s, state=TargetState.IN_SYNC, lag_s=lag, sent_bytes=sent
                )
            )
        return [each for each in found if each.at >= self.now - since_s]

    def transfers(
        self, source: str, target: str, limit: int, *, since_s: float | None = None
    ) -> Sequence[Transfer]:
        return [
            Transfer(
                at=self.now - 7 * number - 2,
                source=source,
                target=target,
                kind="entries",
                verdict="done" if number != 2 else "partial",
                paths=number * 3 + 1,
                files=number * 3,
                sent_bytes=number * 41_000 + 512,
                duration_s=0.0031 * (number + 1),
                reason="" if number != 2 else "some files could not be carried",
                examples=(RelPath(f"img/{number:03}/photo.jpg".encode()),),
            )
            for number in range(6)
        ]

    def tallies(self) -> Sequence[TargetTally]:
        return ()

    def starts(self) -> int:
        return 1

    def pending(self, *, source: str, target: str) -> tuple[PendingStatus, ...]:
        many = {"web3": 1893, "backup": 5214}.get(target, 12)
        directories = (b"img/2026", b"css", HOSTILE, *(b"more/%d" % each for each in range(9)))
        return (
            PendingStatus(
                source=source,
                target=target,
                pending=many,
                in_flight=0,
                directories=tuple(
                    DirectoryCount(directory=RelPath(name), paths=many // (number + 2) ** 2 + 1)
                    for number, name in enumerate(directories)
                ),
                directories_omitted=30,
                paths=(),
                omitted=many,
            ),
        )
