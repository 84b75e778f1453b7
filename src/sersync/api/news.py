"""The status for those who follow it: made once for all of them, and only while there are any."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

Json = dict[str, Any]

_EVERY_S: Final = 0.5
_MOST_LISTENERS: Final = 50
_AT_LEAST_EVERY_S: Final = 1.0
"""So that ages and lags go on to count."""


class Listener:
    """One who follows; what came meanwhile is replaced by what is newer."""

    def __init__(self) -> None:
        self._waiting = asyncio.Event()
        self._newest = b""

    def tell(self, document: bytes) -> None:
        """Have ``next`` return *document*, unless a newer one comes first."""
        self._newest = document
        self._waiting.set()

    async def next(self) -> bytes:
        """Return the newest that was not returned yet; empty at the end."""
        await self._waiting.wait()
        self._waiting.clear()
        return self._newest


class News:
    """Looks at the status twice a second while somebody follows. For one event loop."""

    def __init__(self, look: Callable[[], Json]) -> None:
        """*look* returns the status document; it is called in a thread of its own."""
        self._look = look
        self._listeners: set[Listener] = set()
        self._looking: asyncio.Task[None] | None = None
        self.is_over = False

    @property
    def is_full(self) -> bool:
        """So many follow that nobody else may."""
        return len(self._listeners) >= _MOST_LISTENERS

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[Listener]:
        """Yield a listener, told of the present state first."""
        listener = Listener()
        self._listeners.add(listener)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._follow())
        else:
            listener.tell(await asyncio.to_thread(self._document))
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def close(self) -> None:
        """Let everybody go."""
        self.is_over = True
        for listener in self._listeners:
            listener.tell(b"")

    async def _follow(self) -> None:
        told_at, told = float("-inf"), b""
        clock = asyncio.get_running_loop().time
        while self._listeners and not self.is_over:
            document = await asyncio.to_thread(self._look)
            shape = _shape(document)
            if shape != told or clock() - told_at >= _AT_LEAST_EVERY_S:
                told_at, told = clock(), shape
                text = json.dumps(document).encode()
                for listener in tuple(self._listeners):
                    listener.tell(text)
            await asyncio.sleep(_EVERY_S)

    def _document(self) -> bytes:
        return json.dumps(self._look()).encode()


def _shape(document: Json) -> bytes:
    """Return what of *document* changes only when something happens."""
    return json.dumps(
        [
            [target["state"], target["pending"], target["in_flight"], target["batches"]]
            for source in document["sources"]
            for target in source["targets"]
        ]
    ).encode()
