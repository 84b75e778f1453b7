"""What is told to people who are not looking: when, by which way, and how often at most."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class Occasion(Enum):
    """What is worth a message."""

    HALT = "halt"
    """Something waits for a person."""
    LAG = "lag"
    """A target has been behind for long."""
    RECOVERED = "recovered"
    """One of these is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One message. *target* is empty where a whole source is meant."""

    occasion: Occasion
    source: str
    target: str
    message: str
    remedy: str = ""
    command: str = ""
    lag_s: float = 0.0

    @property
    def subject(self) -> str:
        """Whom it is about."""
        return f"{self.source} -> {self.target}" if self.target else self.source


@dataclass(frozen=True, slots=True, kw_only=True)
class RunNotifier:
    """A program: the message is its standard input, and what it is about in its environment."""

    argv: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PostNotification:
    """An address that takes a JSON document."""

    url: str
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifySettings:
    """One way to tell people, and what of."""

    name: str
    action: RunNotifier | PostNotification
    occasions: frozenset[Occasion] = frozenset(Occasion)
    lag_s: float = 600.0
    """A target that is so far behind is worth a message."""
    most_per_hour: int = 20
    timeout_s: float = 30.0
