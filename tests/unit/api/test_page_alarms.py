"""What the page says of what is halted."""

from __future__ import annotations

from dataclasses import replace

from sersync.api.page.view import Past, page_view
from sersync.model.batch import Reason
from sersync.model.mount import MissingMount
from sersync.model.path import RelPath
from tests.support.status import daemon_status, target_status

_NOTHING = Past(samples=lambda *_: (), transfers=lambda *_: (), pending=lambda *_: ())


def test_a_missing_mount_is_said_to_halt_its_own_subtree_only() -> None:
    status = daemon_status(target_status())
    reason = Reason(message="the file system at vol is missing", needs_confirm=True)
    missing = (MissingMount(path=RelPath(b"vol/a"), reason=reason),)
    sources = tuple(replace(each, missing=missing) for each in status.sources)

    view = page_view(replace(status, sources=sources), _NOTHING, now=0.0, with_plots=False)

    [alarm] = view.alarms
    assert alarm.where == f"vol/a of {status.sources[0].name}"
