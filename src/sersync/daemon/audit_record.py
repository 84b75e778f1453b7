"""Remembers how far the audit of each target has come, from one start to the next."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sersync.config.places import source_file
from sersync.model.path import RelPath
from sersync.model.status import AuditStatus
from sersync.state.json_file import JsonFile


class AuditRecord:
    """The file of one source."""

    def __init__(self, state_dir: str, source: str) -> None:
        self._file = JsonFile(
            source_file(state_dir, "audit", source),
            unread="so the audit begins anew",
            unwritten="so a restart audits anew",
        )

    def load(self) -> dict[str, AuditStatus]:
        """Return what was stored, by the target's name; nothing when there is nothing of use."""
        return self._file.load(_parsed, {})

    def save(self, shown: Mapping[str, AuditStatus]) -> None:
        """Store *shown* in place of what was stored."""
        self._file.save({name: _written(each) for name, each in shown.items()})


def _parsed(document: Any) -> dict[str, AuditStatus]:
    return {str(name): _read(each) for name, each in document.items()}


def _written(shown: AuditStatus) -> dict[str, Any]:
    return {**asdict(shown), "directory": os.fsdecode(shown.directory)}


def _read(stored: dict[str, Any]) -> AuditStatus:
    at = stored["last_drift_at"]
    return AuditStatus(
        every_s=float(stored["every_s"]),
        began_at=float(stored["began_at"]),
        directory=RelPath(os.fsencode(stored["directory"])),
        entries=int(stored["entries"]),
        rounds=int(stored["rounds"]),
        drift=int(stored["drift"]),
        repaired=int(stored["repaired"]),
        last_drift=str(stored["last_drift"]),
        last_drift_at=None if at is None else float(at),
    )
