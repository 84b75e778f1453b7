"""What is to become a service. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sersync.errors import UsageError
from sersync.model.path import display
from sersync.model.target import LocalDirectory, Settings

NAME: Final = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.-]*")
_UNWRITABLE: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One instance of the source side, as a service manager must know it. Paths are absolute."""

    name: str
    program: tuple[str, ...]
    """How sersync is started on this host."""
    config_file: str
    user: str = ""
    """"" is root."""
    state_dir: str = ""
    """Where the configuration wants the state; "" leaves it to the service manager."""
    writes: tuple[str, ...] = ()
    """Directories of this host that it writes to: local targets, lists of failures."""
    has_local_targets: bool = False
    keeps_xattrs: bool = False
    uses_tmp: bool = False
    """A source or a target lies in ``/tmp``, so the service must see the real one."""
    grace_s: float = 10.0

    @property
    def unit(self) -> str:
        """The name of its unit."""
        return f"sersync@{self.name}.service"


def job_of(
    settings: Settings, *, name: str, program: tuple[str, ...], user: str, state_dir: str
) -> Job:
    """Return the job that *settings* describe; *state_dir* only where they name one themselves.

    Raises ``UsageError`` for names and paths that no unit file can hold.
    """
    if not NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} cannot be the name of a service",
            hint="Name it with --name: letters, digits, '-', '_' and '.'.",
        )
    targets = [target for source in settings.sources for target in source.targets]
    local = [one.endpoint.path for one in targets if isinstance(one.endpoint, LocalDirectory)]
    writes = [_written(path) for path in local]
    if settings.failure_log:
        writes.append(settings.failure_log.rpartition("/")[0] or "/")
    paths = [*writes, *(_written(source.root) for source in settings.sources)]
    return Job(
        name=name,
        program=tuple(map(checked, program)),
        config_file=checked(settings.config_file),
        user="" if user == "root" else checked(user),
        state_dir=checked(state_dir),
        writes=tuple(dict.fromkeys(writes)),
        has_local_targets=bool(local),
        keeps_xattrs=any("--xattrs" in target.options.passed for target in targets),
        uses_tmp=_any_in_tmp([*paths, settings.config_file]),
        grace_s=settings.grace_s,
    )


def serving(program: Iterable[str], config_file: str, options: Iterable[str]) -> list[str]:
    """Return the command of the receiving side as a service: *options* are those of ``serve``."""
    return [*program, "target", "serve", "--config", config_file, *options]


def checked(text: str) -> str:
    """Return *text*, which a line of a unit file can hold; else raise ``UsageError``."""
    if _UNWRITABLE.search(text):
        raise UsageError(
            f"a unit file cannot hold {display(text.encode('utf-8', 'surrogateescape'))}",
            hint="Rename it, without control characters, in UTF-8.",
        )
    return text


def _written(path: bytes) -> str:
    return checked(path.decode("utf-8", "surrogateescape"))


def _any_in_tmp(paths: Iterable[str]) -> bool:
    return any((path + "/").startswith(("/tmp/", "/var/tmp/")) for path in paths)  # noqa: S108
