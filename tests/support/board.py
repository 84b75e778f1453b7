"""A daemon as the API sees it, as the test says."""

from __future__ import annotations

from collections.abc import Callable

from sersync.model.request import Deed, Request
from sersync.model.status import DaemonStatus
from tests.support.status import daemon_status


def _nothing(_: Request) -> tuple[Deed, ...]:
    return ()


class FakeBoard:
    """Answers with *look*, and does *act*."""

    def __init__(
        self,
        look: Callable[[], DaemonStatus] = daemon_status,
        *,
        act: Callable[[Request], tuple[Deed, ...]] = _nothing,
    ) -> None:
        self.status = look
        self.act = act
