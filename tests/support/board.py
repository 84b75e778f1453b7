"""A daemon as the API sees it, as the test says."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sersync.api.counting import RequestTally
from sersync.daemon.explaining import Explaining
from sersync.daemon.questions import AllQuestions
from sersync.daemon.verifying import Verifying
from sersync.daemon.waiting import Waiting
from sersync.model.dirty import Scope
from sersync.model.history import Sample, Transfer
from sersync.model.path import RelPath
from sersync.model.request import Deed, NobodyMeant, Request
from sersync.model.status import DaemonStatus, DirectoryCount, PendingPath, PendingStatus
from sersync.model.tally import TargetTally
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
        nobody = Waiting(lambda: ())
        self.questions = AllQuestions(
            nobody,
            Explaining(lambda: (), config_file=lambda: ""),
            Verifying(lambda: (), lambda *_, **__: None),
        )
        self.status = look
        self.requests = RequestTally()
        self.act = act

    def pending(self, *, source: str, target: str) -> tuple[PendingStatus, ...]:
        if source not in ("", "www"):
            raise NobodyMeant(f'there is no source "{source}", only "www"')
        return (
            PendingStatus(
                source="www",
                target="web1",
                pending=1,
                in_flight=0,
                directories=(DirectoryCount(directory=RelPath(b"a"), paths=1),),
                directories_omitted=0,
                paths=(PendingPath(path=RelPath(b"a/b"), scope=Scope.ENTRY, since_s=1.5),),
                omitted=0,
            ),
        )

    def samples(self, source: str, target: str, since_s: float) -> Sequence[Sample]:
        return ()

    def transfers(
        self, source: str, target: str, limit: int, *, since_s: float | None = None
    ) -> Sequence[Transfer]:
        return ()

    def tallies(self) -> Sequence[TargetTally]:
        return ()

    def starts(self) -> int:
        return 3
