"""Requests to the API, counted since the start."""

from __future__ import annotations

import threading


class RequestTally:
    """Requests to the API, by method, address and status. For any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[tuple[str, str, int], int] = {}

    def add(self, method: str, address: str, status: int) -> None:
        """Count one. *method* and *address*: of those that there are, or one word for all others.

        Else whoever asks could make more and more of them.
        """
        with self._lock:
            key = (method, address, status)
            self._counts[key] = self._counts.get(key, 0) + 1

    def counts(self) -> list[tuple[tuple[str, str, int], int]]:
        """Return how many there were of each."""
        with self._lock:
            return sorted(self._counts.items())
