"""What comparing a source with a target has shown: what differs, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from sersync.model.batch import Reason
from sersync.model.difference import Difference
from sersync.model.path import ROOT, RelPath


class Cause(Enum):
    """Why a path differs."""

    DRIFT = "drift"
    """Nothing is pending for it: something else has changed the target."""
    PENDING = "pending"
    """A change is on its way; the log knows of it."""
    FAILING = "failing"
    """It could not be carried, and why is known; perhaps the target never takes it."""
    NEWER = "newer"
    """The target's is newer, and the options of rsync (``-u``) have it left as it is."""
    CHANGING = "changing"
    """It changed at the source again and again while it was compared."""
    UNREADABLE = "unreadable"
    """It cannot be read at the source, so nothing is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A path that differs, how, and why."""

    difference: Difference
    cause: Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """How far one comparison has come, or what it has shown once it is no longer *is_running*."""

    source: str
    target: str
    subtree: RelPath = ROOT
    checksum: bool = False
    repairs: bool = False
    is_running: bool = True
    elapsed_s: float = 0.0
    entries: int = 0
    """Entries of the source that were compared."""
    entries_total: int = 0
    """As far as it is known, of the whole source."""
    drift: int = 0
    pending: int = 0
    failing: int = 0
    newer: int = 0
    changing: int = 0
    unreadable: int = 0
    repaired: int = 0
    """Paths that are carried again since they had drifted."""
    found: tuple[Found, ...] = ()
    """The first of these."""
    omitted: int = 0
    failed: Reason | None = None
    """Why it did not come to its end."""
