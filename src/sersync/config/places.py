"""Where an instance keeps its own files, and what it is called."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

SYSTEM_STATE: Final = "/var/lib/sersync"
"""Where root, and services that run as any user, keep their state; the next two likewise."""
SYSTEM_RUNTIME: Final = "/run/sersync"
SYSTEM_LOG: Final = "/var/log/sersync"


def default_state_dir(instance: str, environ: Mapping[str, str]) -> str:
    """Return the state directory of *instance*: root's below ``/var/lib``, else the user's own."""
    return os.path.join(state_base(environ), instance)


def state_base(environ: Mapping[str, str]) -> str:
    """Return the directory below which instances keep their state directories.

    The XDG Base Directory Specification names the place for users.
    """
    if os.geteuid() == 0:
        return SYSTEM_STATE
    home = environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    return os.path.join(home, "sersync")


def source_file(state_dir: str, what: str, source: str) -> str:
    """Return the small file of the state directory that holds *what* of the source so called."""
    return os.path.join(state_dir, f"{what}-{digest(source)[:12]}.json")


def runtime_base(environ: Mapping[str, str]) -> str:
    """Return the directory for what need not outlive a boot, such as files with process ids."""
    if given := _given(environ, "RUNTIME_DIRECTORY"):
        return given
    if os.geteuid() == 0:
        return SYSTEM_RUNTIME
    home = environ.get("XDG_RUNTIME_DIR")
    return os.path.join(home, "sersync") if home else os.path.join(state_base(environ), "run")


def log_base(environ: Mapping[str, str]) -> str:
    """Return the directory for log files."""
    if given := _given(environ, "LOGS_DIRECTORY"):
        return given
    if os.geteuid() == 0:
        return SYSTEM_LOG
    return os.path.join(state_base(environ), "log")


def _given(environ: Mapping[str, str], variable: str) -> str:
    """Return the first directory that a service manager names in *variable* (systemd.exec(5))."""
    return environ.get(variable, "").partition(":")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceFiles:
    """The files of one instance that stand outside of its state directory."""

    pid: str
    log: str


def instance_files(config: str, environ: Mapping[str, str]) -> InstanceFiles:
    """Return the files of the instance that runs by the configuration at *config*, a real path."""
    stem = os.path.splitext(os.path.basename(config))[0]
    name = f"{stem}-{digest(config)}"
    return InstanceFiles(
        pid=os.path.join(runtime_base(environ), f"{name}.pid"),
        log=os.path.join(log_base(environ), f"{name}.log"),
    )


def digest(*words: str | bytes) -> str:
    """Return a short name for *words*, the same ones always giving the same name."""
    joined = b"\0".join(os.fsencode(word) for word in words)
    return hashlib.sha256(joined).hexdigest()[:12]
