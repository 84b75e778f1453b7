"""One caller's connection: let in while there is room, and waited for only so long.

A connection costs a descriptor, and the engine needs those. So there are never more than so
many, the one that has been idle for longest makes room for a new one, and who is slow to ask or
to read is sent away. Heavy to import, as uvicorn is.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any, Final

from uvicorn.protocols.http.h11_impl import H11Protocol

_MOST_CONNECTIONS: Final = 100
_REQUEST_WITHIN_S: Final = 10.0
"""From the connection, or the end of the last answer, to the end of a request's head."""
_READ_WITHIN_S: Final = 30.0
"""How long a caller may let an answer stand that fills all buffers."""
_AT_ONCE: Final = struct.pack("ii", 1, 0)
"""``struct linger``: on, for no time."""


class Connection(H11Protocol):
    """Speaks HTTP/1.1 with one caller. ``protocol`` makes the class of one listener."""

    present: dict[Connection, None]
    """The connections of the listener, those that came first at the front."""

    def connection_made(self, transport: Any) -> None:
        """Let the caller in, if there is room."""
        super().connection_made(transport)
        self._asks_by: asyncio.TimerHandle | None = None
        self._reads_by: asyncio.TimerHandle | None = None
        if len(self.present) >= _MOST_CONNECTIONS and not self._make_room():
            transport.abort()
            return
        self.present[self] = None
        self._await_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the caller."""
        self.present.pop(self, None)
        for timer in (self._asks_by, self._reads_by):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        self._await_request()

    def pause_writing(self) -> None:
        """Wait for the caller to read."""
        super().pause_writing()
        self._reads_by = self.loop.call_later(_READ_WITHIN_S, self._drop)

    def resume_writing(self) -> None:
        """Go on: the caller has read."""
        if self._reads_by is not None:
            self._reads_by.cancel()
        super().resume_writing()

    @property
    def is_answering(self) -> bool:
        """A request has come whose answer has not ended."""
        cycle: Any = self.cycle
        return cycle is not None and not cycle.response_complete

    def _make_room(self) -> bool:
        idle = next((each for each in self.present if not each.is_answering), None)
        if idle is None:
            return False
        del self.present[idle]
        idle.transport.abort()
        return True

    def _drop(self) -> None:
        """End the connection, and have the kernel drop what it holds for the caller (socket(7))."""
        caller = self.transport.get_extra_info("socket")
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self.transport.abort()

    def _await_request(self) -> None:
        if self._asks_by is not None:
            self._asks_by.cancel()
        self._asks_by = self.loop.call_later(_REQUEST_WITHIN_S, self._give_up)

    def _give_up(self) -> None:
        # While there is an answer under way, its end begins the wait anew.
        if not self.is_answering:
            self.transport.abort()


def protocol() -> type[Connection]:
    """Return the protocol of one listener, whose connections share one limit."""
    return type("Connection", (Connection,), {"present": {}})
