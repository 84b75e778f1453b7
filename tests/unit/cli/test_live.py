"""The live lines, and the table of ``sersync status``, as text."""

from __future__ import annotations

import io

import pytest
from rich.console import Console, RenderableType

from sersync.api.render import status_document
from sersync.cli.live import frame, pass_share
from sersync.cli.status_view import instance_view
from sersync.model.batch import Problem, Reason, Stage
from sersync.model.path import RelPath
from sersync.model.status import PassProgress, TargetState
from tests.support.status import daemon_status, target_status

_WRONG = Reason(message="the password is wrong", remedy="Correct it.", command="cat secrets")


def _text(view: RenderableType, width: int = 120) -> str:
    out = io.StringIO()
    Console(file=out, width=width, highlight=False).print(view)
    return out.getvalue()


def test_one_line_tells_state_pending_rate_and_lag() -> None:
    target = target_status(
        state=TargetState.TRANSFERRING, pending=1200, in_flight=34, files_per_s=56, lag_s=0.25
    )

    (line,) = _text(frame(daemon_status(target))).splitlines()

    for part in ("transferring", "web1", "1,234 pending", "56 files/s", "lag 250 ms"):
        assert part in line


def test_a_full_pass_has_a_bar_with_files_bytes_rate_and_time_left() -> None:
    progress = PassProgress(
        entries=500, entries_total=1000, bytes=50 << 20, bytes_total=100 << 20, elapsed_s=10.0
    )
    target = target_status(state=TargetState.RESYNCING, progress=progress)

    bar = _text(frame(daemon_status(target))).splitlines()[1]

    for part in ("500 of 1,000 files", "50%", "50 MiB of 100 MiB", "5.0 MiB/s", "10 s left"):
        assert part in bar


def test_before_the_total_is_known_a_full_pass_only_counts() -> None:
    target = target_status(
        state=TargetState.RESYNCING, progress=PassProgress(entries=500, elapsed_s=1.0)
    )

    bar = _text(frame(daemon_status(target))).splitlines()[1]

    assert bar.split() == ["full", "pass", "500", "files"]


@pytest.mark.parametrize(
    ("progress", "share"),
    [
        (PassProgress(), None),
        (PassProgress(entries=5, entries_total=10), 0.5),
        (PassProgress(entries=10, entries_total=10, bytes=0, bytes_total=8), 0.5),
        (PassProgress(entries=20, entries_total=10, bytes=9, bytes_total=8), 1.0),
    ],
)
def test_files_and_bytes_count_equally(progress: PassProgress, share: float | None) -> None:
    assert pass_share(progress) == share


def test_a_target_that_was_not_reached_yet_does_not_look_up_to_date() -> None:
    target = target_status(state=TargetState.BACKING_OFF, compared=False)

    assert "not compared yet" in _text(frame(daemon_status(target)))
    assert "all" in _text(instance_view(status_document(daemon_status(target))))


def test_a_halt_and_a_retry_say_what_to_do() -> None:
    halted = target_status(state=TargetState.HALTED, reason=_WRONG)
    backing_off = target_status(
        target="web2", state=TargetState.BACKING_OFF, reason=_WRONG, retry_in_s=4.0
    )

    text = _text(frame(daemon_status(halted, backing_off)))

    for part in (
        "✗ halted",
        "web2: the password is wrong; next attempt in 4.0 s",
        "web1: the password is wrong",
        "Correct it.",
        "$ cat secrets",
        "sersync resume --source www --target web1",
    ):
        assert part in text


def test_only_a_few_problems_are_shown_and_the_rest_is_counted() -> None:
    problems = tuple(
        Problem(path=RelPath(b"[x]%d" % number), stage=Stage.READ, message="Permission denied")
        for number in range(5)
    )

    text = _text(frame(daemon_status(target_status(problems=problems, problems_omitted=7))))

    assert "[x]2: Permission denied" in text
    assert "[x]3" not in text
    assert "and 9 more" in text


def test_the_table_shows_every_target_and_what_is_wrong() -> None:
    status = daemon_status(
        target_status(files=1234, sent_bytes=1 << 20),
        target_status(target="web2", state=TargetState.HALTED, reason=_WRONG, lag_s=90.0),
    )

    text = _text(instance_view(status_document(status)))

    for part in (
        "sersync 3.0.0, pid 4711, up 1 h, /etc/sersync.toml",
        "in-sync",
        "1,234",
        "1.0 MiB",
        "1 min 30 s",
        "web2: the password is wrong",
        "$ cat secrets",
        "sersync resume --source www --target web2",
    ):
        assert part in text


def test_a_halted_source_is_told_before_its_targets() -> None:
    status = daemon_status(halted=Reason(message="the root is empty", remedy="Mount it."))

    for text in (_text(frame(status)), _text(instance_view(status_document(status)))):
        assert "www: the root is empty" in text
        assert "Mount it." in text


def test_every_target_has_one_line_however_narrow_it_is() -> None:
    target = target_status(
        target="rsync://backup.example.net:8730/www", state=TargetState.BACKING_OFF,
        retry_in_s=41.0, pending=1_893_000, lag_s=2651.0, files=48_211, sent_bytes=3_812_993_024,
    )  # fmt: skip
    for width in (40, 60, 80, 120):
        assert len(_text(frame(daemon_status(target)), width).splitlines()) == 1
