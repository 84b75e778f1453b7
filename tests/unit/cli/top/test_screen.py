"""The screen for any size, and what is remembered for it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.cells import cell_len

from sersync.api.client import NotReachable, Silence
from sersync.api.render import status_document
from sersync.cli.instances import Answers
from sersync.cli.top.desk import Desk, press
from sersync.cli.top.memory import Memory, told
from sersync.cli.top.screen import Frame, screen
from sersync.cli.top.view import View, seen
from sersync.model.batch import Problem, Reason, Stage
from sersync.model.path import RelPath
from sersync.model.status import TargetState, TransferStatus
from tests.support.full_status import a_full_status
from tests.support.status import daemon_status, target_status
from tests.unit.cli.top.rows import desk_at, view, view_of

_OLDER = Path(__file__).parents[3] / "support" / "older_status.json"
_NOW = 1_700_000_000.0


def _shown(
    what: View, desk: Desk | None = None, memory: Memory | None = None, **size: int
) -> list[str]:
    frame = Frame(columns=size.get("columns", 100), lines=size.get("lines", 40), now_s=_NOW)
    lines = screen(what, desk or desk_at(what), memory or Memory(), frame)
    return [line.plain for line in lines]


@pytest.mark.parametrize("columns", [20, 40, 80, 200])
@pytest.mark.parametrize("lines", [3, 6, 24, 60])
def test_it_fits_every_window(columns: int, lines: int) -> None:
    many = tuple(target_status(target=f"日本{number}" * 9) for number in range(30))
    for what in (view_of(a_full_status()), view(*many), View()):
        for desk in (Desk(), Desk(shows_help=True)):
            shown = _shown(what, desk, columns=columns, lines=lines)
            assert len(shown) <= lines
            assert max(map(cell_len, shown)) <= columns


def test_the_selected_row_is_always_in_sight() -> None:
    many = view(*(target_status(target=f"web{number}") for number in range(50)))

    for index in (0, 24, 49):
        shown = _shown(many, desk_at(many, index), lines=20)
        [row] = [line for line in shown if line.startswith(">")]
        assert f"www/web{index} " in row


def test_a_transfer_shows_how_far_it_is() -> None:
    transfer = TransferStatus(
        kind="entries", paths=3, bytes=50 << 20, bytes_total=100 << 20, elapsed_s=2.0,
        first_path=RelPath(b"a/big.iso"),
    )  # fmt: skip

    shown = "\n".join(_shown(view(target_status(transfers=(transfer,)))))

    assert " 50%  3 paths, 50 MiB of 100 MiB, 2.0 s  a/big.iso" in shown


def test_a_halt_says_what_to_type() -> None:
    reason = Reason(message="the password is wrong", remedy="Correct it.", command="cat secrets")

    shown = "\n".join(_shown(view(target_status(state=TargetState.HALTED, reason=reason))))

    for part in ("!! 1 halted", "the password is wrong", "$ cat secrets", "sersync resume"):
        assert part in shown


def test_nothing_steers_the_terminal() -> None:
    problem = Problem(path=RelPath(b"\x1b[2J"), stage=Stage.WRITE, message="\x1b]0;x\x07")
    target = target_status(target="\x1b[31m", endpoint="\x1bc", problems=(problem,))

    shown = "".join(_shown(view(target)))

    assert not any(ord(character) < 0x20 for character in shown)


def test_an_older_daemon_is_shown() -> None:
    document = json.loads(_OLDER.read_text())
    what = seen(Answers(documents=(document,), silent=(), looked_in=""), View())

    assert "www/web1" in "\n".join(_shown(what))


def test_a_guards_question_shows_its_numbers() -> None:
    reason = Reason(message="1,234 entries would be deleted", needs_confirm=True)
    halted = view(target_status(state=TargetState.HALTED, reason=reason))
    desk, _ = press(desk_at(halted), "r", halted)

    shown = "\n".join(_shown(halted, desk, columns=40))

    assert "1,234 entries would be deleted" in shown
    assert "y: yes   any other key: no" in shown


def test_the_sparkline_is_the_lag_of_the_last_seconds() -> None:
    memory = Memory()
    for second, lag_s in enumerate((0.0, 4.0, 8.0)):
        memory.see(view(target_status(lag_s=lag_s)), _NOW + second)
    key = view(target_status()).rows[0].key

    assert memory.sparkline(key, 5, _NOW + 3) == " ▁▅█ "
    assert memory.sparkline(key, 5, _NOW + 3, plain=True) == " _=# "


def test_changes_are_what_the_counters_show_and_a_restart_is_none() -> None:
    memory = Memory()
    for number, (pid, batches, files) in enumerate(((1, 5, 10), (1, 7, 14), (2, 9, 99))):
        status = daemon_status(target_status(batches=batches, files=files), pid=pid)
        memory.see(view_of(status), _NOW + number)

    [change] = memory.changes
    assert (change.transfers, change.files) == (2, 4)


def test_changes_are_rather_what_the_history_tells() -> None:
    memory = Memory()
    memory.hear(
        tuple(
            told(
                {
                    "transfers": [
                        {
                            "at": _NOW, "source": "www", "target": "web1", "verdict": "retry",
                            "files": 0, "sent_bytes": 12, "examples": ["a/b", "c"],
                        }
                    ]
                }
            )
        )
    )  # fmt: skip

    shown = "\n".join(_shown(view(target_status()), None, memory))

    assert "www/web1  retry: 0 files, 12 B sent  a/b" in shown


def test_an_instance_that_is_gone_leaves_its_rows_and_says_so() -> None:
    before = view(target_status())
    gone = seen(
        Answers(documents=(), silent=(NotReachable("x", Silence.LEFT_OVER),), looked_in=""), before
    )
    back = seen(
        Answers(documents=(status_document(daemon_status()),), silent=(), looked_in=""), gone
    )

    shown = "\n".join(_shown(gone))
    assert "NO ANSWER" in shown
    assert "x: nothing listens there any more" in shown
    assert "www/web1" in shown
    assert "NO ANSWER" not in "\n".join(_shown(back))
