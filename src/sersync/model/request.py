"""What a person asks a running daemon to do, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from sersync.model.batch import Reason


class Verb(Enum):
    """What can be asked for."""

    PAUSE = "pause"
    """Start nothing more, give connections back, go on collecting changes."""
    RESUME = "resume"
    """Go on: after a pause, after a halt, and without waiting for the next attempt."""
    RESYNC = "resync"
    """Compare everything, or one subtree, again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request. *source* and *target* are names, empty for all of them.

    *confirm*: what a guard warned of is meant. *subtree*: for ``RESYNC``, relative to the root or
    absolute; empty for everything.
    """

    verb: Verb
    source: str = ""
    target: str = ""
    confirm: bool = False
    subtree: bytes = b""


class Did(Enum):
    """What came of a request for one target."""

    PAUSED = "paused"
    RESUMED = "resumed"
    CONFIRMED = "confirmed"
    """Resumed, and what the guard warned of is taken for meant."""
    RESYNCING = "resyncing"
    UNCHANGED = "unchanged"
    """There was nothing to do."""
    REFUSED = "refused"
    """It needs something else first; the reason says what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What came of a request for one target; *target* is empty where a whole source is meant."""

    source: str
    target: str
    did: Did
    reason: Reason | None = None


class NobodyMeant(LookupError):
    """The names in a request fit nothing that is there; the message says what there is."""
