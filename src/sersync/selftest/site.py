"""One target of a trial: a directory, and what serves it."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sersync.rsyncd.conf import Module
from sersync.rsyncd.secrets import generate_password, write_password, write_secrets
from sersync.rsyncd.serve import EmbeddedDaemon
from sersync.selftest.instance import descendants_of, signal_all
from sersync.selftest.proxy import Proxy
from sersync.selftest.row import Broken

_MODULE: Final = "copy"
_USER: Final = "pusher"

Setting = str | int | float | bool
Exclude = Callable[[bytes], bool]


@dataclass(slots=True, kw_only=True)
class Site:
    """Where a copy stands. Without *server* it is a local directory. For one thread."""

    name: str
    place: Path
    """A directory of its own, with the copy and the server's files in it."""
    settings: dict[str, Setting]
    """What its table in the configuration holds besides name and address."""
    server: EmbeddedDaemon | None = None
    proxy: Proxy | None = None
    has_password: bool = False
    is_compared: bool = True
    has_whole_seconds: bool = False
    """Its file system keeps times no finer than a second."""
    exclude: Exclude = field(default=lambda _: False)
    """Paths that need not be the same."""

    @property
    def root(self) -> Path:
        """The directory of the copy."""
        return self.place / "copy"

    @property
    def password_file(self) -> Path:
        """What the client logs in with."""
        return self.place / "password"

    @property
    def address(self) -> str:
        """Where it is, as a configuration says it."""
        if self.server is None:
            return os.fspath(self.root)
        port = self.server.port if self.proxy is None else self.proxy.port
        login = f"{_USER}@" if self.has_password else ""
        return f"rsync://{login}127.0.0.1:{port}/{_MODULE}"

    @property
    def table(self) -> str:
        """Its table in ``sersync.toml``."""
        settings: dict[str, Setting] = {"name": self.name, "to": self.address, **self.settings}
        if self.has_password:
            settings["password_file"] = os.fspath(self.password_file)
        lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
        return "\n".join(["[[source.target]]", *lines, ""])

    def down(self) -> None:
        """End its server and every connection to it."""
        self._served.stop()

    def up(self) -> None:
        """Start its server again, on the same port."""
        self._served.start()

    def processes(self) -> list[int]:
        """Return the server's processes that serve connections."""
        pid = self._served.pid
        return [] if pid is None else descendants_of(pid)

    def is_receiving(self, name: str, *, least_bytes: int = 0) -> bool:
        """Tell whether rsync is writing the file at *name*, and has *least_bytes* of it.

        It does so under a name with a dot in front and a suffix (rsync(1), ``--inplace``).
        """
        place = self.root / name
        for path in place.parent.glob(f".{place.name}.*"):
            with suppress(FileNotFoundError):
                return path.stat().st_size >= least_bytes
        return False

    def freeze(self) -> list[int]:
        """Let its server, and all that it is doing, stand still (SIGSTOP); return who does."""
        pid = self._served.pid
        frozen = [] if pid is None else [pid, *descendants_of(pid)]
        signal_all(frozen, signal.SIGSTOP)
        return frozen

    def close(self) -> None:
        """End its server and its proxy."""
        if self.proxy is not None:
            self.proxy.close()
        if self.server is not None:
            pid = self.server.pid
            if pid is not None:
                signal_all([pid, *descendants_of(pid)], signal.SIGCONT)
            self.server.close()

    @property
    def _served(self) -> EmbeddedDaemon:
        if self.server is None:
            raise Broken(f"{self.name} is a local directory")
        return self.server


def served_site(
    name: str,
    place: Path,
    *,
    settings: dict[str, Setting],
    is_proxied: bool = False,
    has_password: bool = False,
    max_connections: int = 0,
    hides: tuple[str, ...] = (),
) -> Site:
    """Start an rsync daemon in *place* and return the site that it serves.

    *hides*: patterns of names that the daemon keeps to itself.
    """
    place.mkdir()
    (place / "copy").mkdir()
    if has_password:
        password = generate_password()
        write_password(place / "password", password)
        write_secrets(place / "secrets", {_USER: password})
    module = Module(
        name=_MODULE,
        path=os.fsencode(place / "copy"),
        uid="0",
        gid="0",
        users=(_USER,) if has_password else (),
        secrets_file=os.fsencode(place / "secrets") if has_password else b"",
        max_connections=max_connections,
        exclude=hides,
    )
    server = EmbeddedDaemon(place, (module,))
    server.start()
    proxy = Proxy(server.port) if is_proxied else None
    return Site(
        name=name,
        place=place,
        settings=settings,
        server=server,
        proxy=proxy,
        has_password=has_password,
    )


def local_site(name: str, place: Path, *, settings: dict[str, Setting]) -> Site:
    """Return a site that is a directory of this host."""
    place.mkdir()
    (place / "copy").mkdir()
    return Site(name=name, place=place, settings=settings)
