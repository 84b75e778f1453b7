"""Real rsync daemons on the loopback, each test its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from sersync.model.target import RsyncModule
from sersync.rsyncd.conf import Module
from sersync.rsyncd.secrets import generate_password, write_password, write_secrets
from sersync.rsyncd.serve import EmbeddedDaemon

USER = "pusher"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedModule:
    """One module of a running daemon, and what a client must know to reach it."""

    daemon: EmbeddedDaemon
    name: str
    root: Path
    """The directory that the module serves."""
    user: str = ""
    password: str = ""
    password_file: Path | None = None

    @property
    def url(self) -> str:
        """The address, as rsync and ``sersync mirror`` take it."""
        return self.daemon.url(self.name, user=self.user)

    @property
    def endpoint(self) -> RsyncModule:
        """The address, as the engine takes it."""
        return self.endpoint_by(self.daemon.port)

    def endpoint_by(self, port: int) -> RsyncModule:
        """Return the address through another port, such as a proxy's."""
        return RsyncModule(host="127.0.0.1", port=port, module=self.name, user=self.user)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rsyncd:
    """A running daemon with an open module, ``open``, and one with a password, ``locked``."""

    daemon: EmbeddedDaemon
    open: ServedModule
    locked: ServedModule

    @property
    def root(self) -> Path:
        """The directory that the open module serves."""
        return self.open.root

    @property
    def url(self) -> str:
        """The open module's address."""
        return self.open.url

    @property
    def endpoint(self) -> RsyncModule:
        """The open module's address, as the engine takes it."""
        return self.open.endpoint

    @property
    def port(self) -> int:
        """The daemon's port."""
        return self.daemon.port

    def start(self) -> None:
        """Start the daemon again, on the same port."""
        self.daemon.start()

    def stop(self) -> None:
        """End the daemon and every connection to it."""
        self.daemon.stop()


class RsyncdFactory:
    """Starts daemons, and ends them all when the test is over."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._daemons: list[EmbeddedDaemon] = []

    def __call__(
        self,
        *,
        read_only: bool = False,
        max_connections: int = 0,
        exclude: tuple[str, ...] = (),
        refused_options: tuple[str, ...] = (),
        chroot: bool = True,
        timeout_s: int = 0,
        socket_options: str = "",
    ) -> Rsyncd:
        """Start one more daemon; the options hold for both of its modules.

        As root it also is root on its own side, so that owners and devices are kept.
        """
        home = self._directory / f"rsyncd-{len(self._daemons)}"
        roots = {name: home / name for name in ("open", "locked")}
        for root in roots.values():
            root.mkdir(parents=True)
        password = generate_password()
        write_secrets(home / "secrets", {USER: password})
        write_password(home / "password", password)
        plain = Module(
            name="open",
            path=os.fsencode(roots["open"]),
            read_only=read_only,
            chroot=chroot,
            uid="0",
            gid="0",
            max_connections=max_connections,
            timeout_s=timeout_s,
            exclude=exclude,
            refused_options=refused_options,
        )
        locked = replace(
            plain,
            name="locked",
            path=os.fsencode(roots["locked"]),
            users=(USER,),
            secrets_file=os.fsencode(home / "secrets"),
        )
        daemon = EmbeddedDaemon(home, (plain, locked), socket_options=socket_options)
        self._daemons.append(daemon)
        daemon.start()
        return Rsyncd(
            daemon=daemon,
            open=ServedModule(daemon=daemon, name="open", root=roots["open"]),
            locked=ServedModule(
                daemon=daemon,
                name="locked",
                root=roots["locked"],
                user=USER,
                password=password,
                password_file=home / "password",
            ),
        )

    def close(self) -> None:
        """End every daemon that was started."""
        for daemon in self._daemons:
            daemon.close()


@pytest.fixture
def rsyncd_factory(tmp_path: Path) -> Iterator[RsyncdFactory]:
    """Start rsync daemons with options of the test's choice."""
    if shutil.which("rsync") is None:
        pytest.skip("rsync is not installed (apt-get install rsync)")
    factory = RsyncdFactory(tmp_path)
    yield factory
    factory.close()


@pytest.fixture
def rsyncd(rsyncd_factory: RsyncdFactory) -> Rsyncd:
    """One rsync daemon with an open module and one that asks for a password."""
    return rsyncd_factory()
