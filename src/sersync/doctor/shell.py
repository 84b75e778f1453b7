"""Tries a login by ssh: the key, what the shell prints, the rsync there, the shared connection."""

from __future__ import annotations

import os
import re
import shlex
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from sersync.doctor.facts import Room
from sersync.doctor.target_facts import ShellFacts
from sersync.linux.once import Finished, run_once
from sersync.model.target import RemoteShell, Target
from sersync.transfer.remote_shell import SharedConnections

_VERSION: Final = re.compile(rb"^rsync +version.*", re.MULTILINE)
_RESTRICTED: Final = re.compile(rb"rrsync|SSH_ORIGINAL_COMMAND|not run rsync|[Rr]estricted")
_SLACK_S: Final = 10.0
_TOGETHER_S: Final = 1.0
_REFUSED: Final = b"Session open refused by peer"
"""What ssh(1) prints when the host lets no more sessions share a connection; then it logs in."""


class Login:
    """One ssh target, over the connections that transfers share as well."""

    def __init__(
        self, target: Target, endpoint: RemoteShell, shared: SharedConnections, *, at_once: int
    ) -> None:
        """*at_once*: how many logins transfers and spares need at the same time."""
        self._at_once = at_once
        self._target = target
        self._endpoint = endpoint
        self._shared = shared
        self._rsh = shared.rsh(endpoint, connect_timeout_s=target.connect_timeout_s)

    def look(self) -> ShellFacts:
        """Return what logging in gives."""
        begun = time.monotonic()
        first = self._call("true")
        seconds = time.monotonic() - begun
        obstacle = self._identity_obstacle()
        if first.code in (124, 127, 255):
            return ShellFacts(
                code=first.code, said=first.stderr, seconds=seconds, identity_obstacle=obstacle
            )
        version = self._call(f"{self._target.rsync_path} --version")
        line = _VERSION.search(version.stdout)
        said = first.stdout + first.stderr + version.stderr
        return ShellFacts(
            code=first.code,
            said=first.stderr + version.stderr,
            noise=b"" if first.code else first.stdout,
            seconds=seconds,
            again_seconds=self._again(),
            unshared=self._unshared(),
            rsync=line[0].decode("ascii", "replace") if line else "",
            is_restricted=line is None and _RESTRICTED.search(said) is not None,
            identity_obstacle=obstacle,
        )

    def room(self) -> Room | None:
        """Return what is left on the far side, if its ``df`` tells."""
        path = shlex.quote(self._endpoint.path)
        nearest = f"cd {path} 2>/dev/null || cd {shlex.quote(os.path.dirname(self._endpoint.path))}"
        answer = self._call(f"{nearest} && df -Pk . && df -Pi .").stdout.decode("ascii", "replace")
        rows = [line.split() for line in answer.splitlines() if "%" in line]
        numbers = [row for row in rows if len(row) >= 6 and row[1].isdecimal()]
        if len(numbers) != 2 or not all(row[3].isdecimal() for row in numbers):
            return None
        space, inodes = numbers
        return Room(
            path=self._endpoint.path,
            free_bytes=int(space[3]) * 1024,
            total_bytes=int(space[1]) * 1024,
            free_inodes=int(inodes[3]),
            total_inodes=int(inodes[1]),
        )

    def _again(self) -> float | None:
        """Log in over a shared connection, as transfers do; None when there can be none."""
        self._shared.connect(self._endpoint, connect_timeout_s=self._target.connect_timeout_s)
        if not self._shared.has_master(self._endpoint):
            return None
        begun = time.monotonic()
        self._call("true")
        return time.monotonic() - begun

    def _unshared(self) -> int:
        """Return how many of those logins are refused that transfers and spares need at once."""
        if not self._shared.has_master(self._endpoint):
            return 0
        with ThreadPoolExecutor(self._at_once) as pool:
            ended = pool.map(self._call, [f"sleep {_TOGETHER_S:g}"] * self._at_once)
            return sum(_REFUSED in each.stderr for each in ended)

    def _call(self, command: str) -> Finished:
        login = ["-l", self._endpoint.user] if self._endpoint.user else []
        argv = [*shlex.split(self._rsh), *login, self._endpoint.host, command]
        return run_once(argv, deadline_s=self._target.connect_timeout_s + _SLACK_S)

    def _identity_obstacle(self) -> str:
        identity = self._endpoint.identity
        if not identity:
            return ""
        try:
            mode = os.stat(identity).st_mode
        except OSError as error:
            return f"the key {identity} cannot be read: {error.strerror}"
        if mode & 0o077:
            return f"the key {identity} can be read by others, so ssh does not use it"
        return ""
