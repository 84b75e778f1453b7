"""All metrics that there are, with values."""

from __future__ import annotations

from sersync.api.counting import RequestTally
from sersync.api.metrics import exposition
from sersync.model.batch import Reason
from sersync.model.status import HookStatus, SourceStatus, StateStatus
from sersync.model.tally import TargetTally
from tests.support.status import daemon_status, target_status


def text() -> str:
    """Everything that a daemon can tell, as it is scraped."""
    tally = TargetTally(source="www", target="web1")
    for verdict in ("done", "retry"):
        tally.add(verdict, files=3, sent_bytes=100, deleted=1, duration_s=0.02, lag_s=0.003)
    source = SourceStatus(
        name="www",
        root="/srv/www",
        watcher="inotify",
        directories=12,
        halted=None,
        notes=(),
        targets=(target_status(last_success_s_ago=1.0, lag_s=2.5),),
        outdated=3,
        state=StateStatus(stored_s_ago=1.0, reason=Reason(message="full")),
        hooks=(HookStatus(name="cdn", done=5, failed=1),),
        overflows=2,
    )
    status = daemon_status(sources=(source,))
    requests = RequestTally()
    requests.add("GET", "/v1/status", 200)
    return exposition(status, [tally], starts=4, requests=requests.counts()).decode()
