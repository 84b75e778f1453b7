"""What is taken from the environment, so that no child speaks for us."""

from __future__ import annotations

import os

from sersync.linux.notify import Notices


def test_the_address_and_the_period_are_taken_out_of_the_environment() -> None:
    environ = {"NOTIFY_SOCKET": "", "WATCHDOG_USEC": "3000000", "PATH": "/bin"}
    notices = Notices.taken_from(environ)

    assert environ == {"PATH": "/bin"}
    assert (notices.watchdog_s, notices.are_wanted) == (3.0, False)


def test_a_watchdog_that_is_meant_for_another_process_is_not_ours() -> None:
    for pid, period_s in ((os.getpid(), 3.0), (1, 0.0)):
        environ = {"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": str(pid)}
        assert Notices.taken_from(environ).watchdog_s == period_s


def test_without_a_service_manager_nothing_is_said_and_nothing_fails() -> None:
    notices = Notices.taken_from({})

    notices.ready()
    notices.status("well")
    notices.close()
