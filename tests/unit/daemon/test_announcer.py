"""The one line that ``systemctl status`` shows."""

from __future__ import annotations

from sersync.daemon.announcer import status_line
from sersync.model.status import TargetState
from tests.support.status import daemon_status, target_status


def test_the_line_counts_the_targets_by_their_state() -> None:
    status = daemon_status(
        target_status(target="a"),
        target_status(target="b"),
        target_status(target="c", state=TargetState.BACKING_OFF, pending=7, lag_s=61.7),
    )

    assert status_line(status) == (
        "3 targets: 2 in-sync, 1 backing-off; 7 pending, the oldest for 62 s"
    )


def test_the_line_stays_the_same_while_nothing_happens() -> None:
    one = daemon_status(target_status(since_s=1.0), uptime_s=1.0)
    later = daemon_status(target_status(since_s=9.0), uptime_s=9.0)

    assert status_line(one) == status_line(later) == "1 target: 1 in-sync"
