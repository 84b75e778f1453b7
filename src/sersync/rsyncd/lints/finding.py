"""What a lint found, and what a lint may ask about the host."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

from sersync.rsyncd.reading import Configuration, Place, Section


class Severity(IntEnum):
    """How bad it is. Only warnings and errors count for an exit code."""

    NOTE = 0
    """Worth knowing."""
    WARNING = 1
    """Probably not what is meant."""
    ERROR = 2
    """A mirror cannot work like this, or data and passwords are open to others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One finding. *code* names the lint and never changes; *module* is "" for the whole file."""

    code: str
    severity: Severity
    place: Place
    message: str
    remedy: str
    module: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts:
    """What stat(2) tells of a path."""

    mode: int
    uid: int
    gid: int
    is_directory: bool
    device: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceFacts:
    """What statvfs(3) tells of the file system that a path is on."""

    free_bytes: int
    free_inodes: int
    total_inodes: int
    is_read_only: bool


class Host(Protocol):
    """The host that the daemon is to run on. Every path is absolute."""

    @property
    def is_root(self) -> bool:
        """The daemon will run as root: so do we."""

    def file(self, path: str) -> FileFacts | None:
        """Return what there is at *path*, links followed; None when there is nothing."""

    def space(self, path: str) -> SpaceFacts | None:
        """Return what is left on the file system of *path*."""

    def may_write(self, path: str) -> bool:
        """Tell whether we ourselves may make files in the directory *path*."""

    def lines(self, path: str) -> list[str] | None:
        """Return the lines of a small file; None when it cannot be read."""

    def user(self, name: str) -> int | None:
        """Return the number of the user *name*, a number itself allowed; None: no such user."""

    def group(self, name: str) -> int | None:
        """Return the same for a group."""

    def port_holder(self, port: int) -> str:
        """Return who listens on TCP *port*, in words; "" for nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lint:
    """One module under scrutiny: what every lint gets."""

    configuration: Configuration
    module: Section
    host: Host

    def found(
        self, code: str, severity: Severity, parameter: str, message: str, remedy: str
    ) -> Finding:
        """Return a finding at the place where *parameter* is set, or at the module's header."""
        return Finding(
            code=code,
            severity=severity,
            place=self.module.place_of(parameter),
            message=f"[{self.module.served_as}] {message}",
            remedy=remedy,
            module=self.module.served_as,
        )
