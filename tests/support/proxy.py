"""Troublesome proxies for tests, and one that makes a new rsync daemon look like an old one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

import pytest

from sersync.selftest.proxy import Gate, Proxy

__all__ = ["Proxy"]


class GreetingGate(Gate):
    """Rewrites the greeting, so that both ends talk as an older version would."""

    def __init__(self, greeting: bytes) -> None:
        self._greeting = greeting
        self._held: bytes | None = b""

    def admit(self, chunk: bytes) -> bytes:
        if self._held is None:
            return chunk
        self._held += chunk
        line, end, rest = self._held.partition(b"\n")
        if not end:
            return b""
        self._held = None
        return (self._greeting if line.startswith(b"@RSYNCD:") else line + end) + rest


class ArgumentGate(GreetingGate):
    """Rewrites the client's greeting and resets when it uses an option that is too new.

    The server's arguments follow the text lines of the login: each ended by NUL, an empty
    one after the last (protocol 30 and later). A daemon that does not know one of them still
    finishes the handshake, then ends without reading what the client has sent by then.
    """

    def __init__(self, greeting: bytes, unknown: tuple[bytes, ...]) -> None:
        super().__init__(greeting)
        self._unknown = unknown
        self._arguments: bytes | None = b""

    def admit(self, chunk: bytes) -> bytes:
        greeted = super().admit(chunk)
        if self._arguments is None or not greeted:
            return greeted
        self._arguments += greeted
        lines_end = self._arguments.partition(b"\0")[0].rfind(b"\n") + 1
        lines, self._arguments = self._arguments[:lines_end], self._arguments[lines_end:]
        if b"\0\0" not in self._arguments:
            return lines
        arguments, self._arguments = self._arguments, None
        given, _, rest = arguments.partition(b"\0\0")
        words = given.split(b"\0")
        known = [_without_new_flags(word) for word in words if word not in self._unknown]
        self.is_offended = len(known) < len(words)
        return lines + b"\0".join(known) + b"\0\0" + rest


def _without_new_flags(argument: bytes) -> bytes:
    """Take from the client's ``-e.FLAGS`` what rsync 3.2 brought: negotiation and new formats."""
    options, mark, flags = argument.partition(b"e.")
    is_option = argument.startswith(b"-") and not argument.startswith(b"--")
    return options + mark + flags.translate(None, b"Ivu") if is_option else argument


class OldDaemonProxy(Proxy):
    """Makes a new rsync daemon look like an old one: old greeting, unknown options.

    An old daemon answers an option that it does not know by a message that gets lost in a
    reset connection; so all that its client sees is the reset.
    """

    def __init__(self, target_port: int, *, greeting: bytes, unknown: tuple[bytes, ...]) -> None:
        self._greeting = greeting
        self._unknown = unknown
        super().__init__(target_port)

    @classmethod
    def rsync_3_1_2(cls, target_port: int) -> Self:
        """Behave like rsync 3.1.0 to 3.1.2: no ``--modify-window=-1``."""
        return cls(
            target_port,
            greeting=b"@RSYNCD: 31.0\n",
            unknown=(b"-@-1", b"--modify-window=-1", b"--fsync"),
        )

    @classmethod
    def rsync_3_0_9(cls, target_port: int) -> Self:
        """Behave like rsync 3.0: no ``--delete-missing-args`` either."""
        return cls(
            target_port,
            greeting=b"@RSYNCD: 30.0\n",
            unknown=(
                b"-@-1",
                b"--modify-window=-1",
                b"--delete-missing-args",
                b"--ignore-missing-args",
            ),
        )

    def gates(self) -> tuple[Gate, Gate]:
        return ArgumentGate(self._greeting, self._unknown), GreetingGate(self._greeting)


class ResettingProxy(Proxy):
    """Resets the first connections after the login, as a network or a daemon that is ending."""

    def __init__(self, target_port: int, resets: int) -> None:
        self._to_reset = resets
        super().__init__(target_port)

    def gates(self) -> tuple[Gate, Gate]:
        if self.connections > self._to_reset:
            return Gate(), Gate()
        return ArgumentGate(b"@RSYNCD: 31.0\n", (b"--server",)), Gate()


class ProxyFactory:
    """Puts proxies in front of ports, and ends them all when the test is over."""

    def __init__(self) -> None:
        self._proxies: list[Proxy] = []

    def __call__(self, target_port: int) -> Proxy:
        """Put a plain proxy in front of *target_port*."""
        proxy = Proxy(target_port)
        self._proxies.append(proxy)
        return proxy

    def resetting_at_first(self, target_port: int, resets: int) -> Proxy:
        """Reset the first *resets* connections to *target_port* after the login."""
        proxy = ResettingProxy(target_port, resets)
        self._proxies.append(proxy)
        return proxy

    def rsync_3_1_2(self, target_port: int) -> OldDaemonProxy:
        """Make the daemon at *target_port* look like rsync 3.1.2."""
        proxy = OldDaemonProxy.rsync_3_1_2(target_port)
        self._proxies.append(proxy)
        return proxy

    def rsync_3_0_9(self, target_port: int) -> OldDaemonProxy:
        """Make the daemon at *target_port* look like rsync 3.0.9."""
        proxy = OldDaemonProxy.rsync_3_0_9(target_port)
        self._proxies.append(proxy)
        return proxy

    def close(self) -> None:
        """End every proxy."""
        for proxy in self._proxies:
            proxy.close()


@pytest.fixture
def proxies() -> Iterator[ProxyFactory]:
    """Put troublesome proxies in front of a daemon."""
    factory = ProxyFactory()
    yield factory
    factory.close()
