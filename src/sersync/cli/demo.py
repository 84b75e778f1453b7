"""``sersync demo``: the product in twenty seconds, on this host, for any user.

A source, a real rsync daemon with a password on the loopback, and changes that arrive. Every
latency is measured: from the change until it stands whole on the target.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated

from typer import Option

if TYPE_CHECKING:
    from rich.console import Console

    from sersync.cli.demo_show import Show
    from sersync.daemon.app import Daemon
    from sersync.rsyncd.serve import EmbeddedDaemon

_USER = "demo"
_MODULE = "copy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What the show is played on; everything lies in one temporary directory."""

    top: Path
    target_daemon: EmbeddedDaemon

    @property
    def source(self) -> Path:
        """The tree that is watched."""
        return self.top / "source"

    @property
    def target(self) -> Path:
        """The tree that the rsync daemon serves."""
        return self.top / "target"

    @property
    def state(self) -> Path:
        """The state directory of the instance."""
        return self.top / "state"

    @property
    def password_file(self) -> Path:
        """What rsync logs in with."""
        return self.top / "password"

    @property
    def url(self) -> str:
        """The address of the target."""
        return self.target_daemon.url(_MODULE, user=_USER).rstrip("/")


def demo(
    keep: Annotated[
        bool, Option("--keep", help="Leave it running afterwards, to play with.")
    ] = False,
    pace: Annotated[float, Option(hidden=True, help="Seconds to read each line.")] = 1.6,
) -> int:
    """Show changes arriving at a real rsync daemon.

    It takes twenty seconds, needs no root, and leaves nothing behind.
    """
    from rich.console import Console

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    console = Console(highlight=False)
    with tempfile.TemporaryDirectory(prefix="sersync-demo-") as directory:
        return _play(Path(directory).resolve(), console, keep=keep, pace_s=pace)


def _play(top: Path, console: Console, *, keep: bool, pace_s: float) -> int:
    from sersync.cli.demo_show import Show, plant
    from sersync.rsyncd.conf import Module
    from sersync.rsyncd.secrets import generate_password, write_password, write_secrets
    from sersync.rsyncd.serve import EmbeddedDaemon

    target = top / "target"
    target.mkdir()
    plant(top / "source")
    password = generate_password()
    write_password(top / "password", password)
    write_secrets(top / "secrets", {_USER: password})
    module = Module(
        name=_MODULE,
        path=os.fsencode(target),
        uid="root",  # only a daemon of root's takes these two: owners are kept then
        gid="root",
        users=(_USER,),
        secrets_file=os.fsencode(top / "secrets"),
    )
    with EmbeddedDaemon(top, (module,)) as target_daemon:
        stage = Stage(top=top, target_daemon=target_daemon)
        daemon = _daemon(stage)
        show = Show(stage, daemon, console, pace_s)
        show.introduce()
        try:
            is_same = show.run()
            if keep:
                _wait_for_the_end(show)
        finally:
            daemon.stop(now=True)
    return 0 if is_same else 1


def _daemon(stage: Stage) -> Daemon:
    from sersync.config.mirror import MirrorRequest, mirror_settings
    from sersync.daemon.app import Daemon
    from sersync.daemon.logs import configure

    configure("error", stream=sys.stderr)
    request = MirrorRequest(
        source=os.fspath(stage.source),
        targets=(stage.url,),
        password_file=os.fspath(stage.password_file),
        state_dir=os.fspath(stage.state),
    )
    return Daemon(mirror_settings(request).settings)


def _wait_for_the_end(show: Show) -> None:
    show.invite()
    try:
        Event().wait()
    except KeyboardInterrupt:
        show.thank()
