"""Snapshots of a daemon, for tests of what shows them."""

from __future__ import annotations

from typing import Any

from sersync.model.status import DaemonStatus, SourceStatus, TargetState, TargetStatus


def target_status(**known: Any) -> TargetStatus:
    """Return the status of a target, in sync unless told otherwise."""
    given: dict[str, Any] = {
        "source": "www",
        "target": "web1",
        "endpoint": "rsync://web1/www",
        "state": TargetState.IN_SYNC,
        "full_passes": 1,
        "compared": True,
    }
    return TargetStatus(**(given | known))


def daemon_status(*targets: TargetStatus, **known: Any) -> DaemonStatus:
    """Return the status of a daemon with one source and *targets*."""
    source = SourceStatus(
        name="www",
        root="/srv/www",
        watcher="inotify",
        directories=12,
        halted=known.pop("halted", None),
        missing=known.pop("missing", ()),
        notes=known.pop("notes", ()),
        hooks=known.pop("hooks", ()),
        targets=targets or (target_status(),),
    )
    given: dict[str, Any] = {
        "version": "3.0.0",
        "pid": 4711,
        "uptime_s": 3600.0,
        "config_file": "/etc/sersync.toml",
        "state_dir": "/var/lib/sersync/www",
        "sources": (source,),
    }
    return DaemonStatus(**(given | known))
