"""Views of instances, for tests of what ``sersync top`` makes of them."""

from __future__ import annotations

from typing import Any

from sersync.api.render import status_document
from sersync.cli.instances import Answers
from sersync.cli.top.desk import Desk, settled
from sersync.cli.top.view import View, seen
from sersync.model.status import DaemonStatus, TargetStatus
from tests.support.status import daemon_status


def view(*targets: TargetStatus, **known: Any) -> View:
    """Return what one instance with *targets* says."""
    return view_of(daemon_status(*targets, **known))


def view_of(*statuses: DaemonStatus) -> View:
    """Return what instances say."""
    documents = tuple(map(status_document, statuses))
    return seen(Answers(documents=documents, silent=(), looked_in="/state"), View())


def desk_at(shown: View, index: int = 0) -> Desk:
    """Return a desk with a row selected."""
    return settled(Desk(selected=shown.rows[index].key), shown)
