"""Who may ask a daemon how it stands, and what it is to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address

from sersync.model.written import Written


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    """The doors of a daemon besides the control socket, which is its owner's.

    *host* and *port*: where page, JSON and metrics can be read; an empty host is nowhere.
    *token*: who knows it may also act there. *socket_group*: who may open the control socket too.
    *written*: where people have written that.
    """

    host: str = ""
    port: int = 0
    token: str = field(default="", repr=False)
    socket_group: str = ""
    written: Written = field(default=Written.TOML, compare=False)

    @property
    def is_loopback(self) -> bool:
        """Only this host can reach it."""
        return is_loopback(self.host)

    @property
    def address(self) -> str:
        """The listener as people write it; empty where there is none."""
        if not self.host:
            return ""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def is_loopback(host: str) -> bool:
    """Tell whether *host*, a name or a number, is this host and nothing else."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def parse_listen(text: str) -> tuple[str, int]:
    """Return host and port of ``8377``, ``:8377``, ``host:8377`` or ``[::1]:8377``.

    Without a host it is the loopback. Raises ``ValueError`` with a sentence for people.
    """
    host, _, port = text.rpartition(":")
    if not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError(f'"{text}" names no port from 1 to 65535')
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueError(f'"{text}": an IPv6 address needs brackets, as in [::1]:8377')
    if host in ("", "localhost"):
        host = "127.0.0.1"
    try:
        return str(ip_address(host)), int(port)
    except ValueError:
        raise ValueError(f'"{host}" is no address of this host: give a number') from None
