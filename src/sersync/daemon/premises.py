"""What a daemon needs before it begins: an rsync, its state directory, a place for the moment."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Final

from sersync.errors import AlreadyRunning, EnvironmentMissing
from sersync.linux.lock import DirectoryLock, holder
from sersync.linux.once import run_once
from sersync.model.pasting import own_command, word

OLDEST_RSYNC: Final = (3, 1, 3)


def check_rsync() -> None:
    """Raise ``EnvironmentMissing`` unless an rsync that will do is installed."""
    found = run_once(["rsync", "--version"], deadline_s=10.0)
    version = re.search(rb"version v?(\d+)\.(\d+)\.(\d+)", found.stdout)
    if found.code == 127 or version is None:
        raise EnvironmentMissing(
            "rsync is not installed on this host",
            hint="apt-get install rsync    # or: dnf install rsync",
        )
    numbers = tuple(int(number) for number in version.groups())
    if numbers < OLDEST_RSYNC:
        have = ".".join(str(number) for number in numbers)
        raise EnvironmentMissing(
            f"rsync {have} on this host is too old: 3.1.3 is needed to compare times exactly",
            hint="apt-get install --only-upgrade rsync    # or: dnf upgrade rsync",
        )


def scratch(state_dir: str) -> str:
    """Return an empty directory of ours; what a daemon left there that was killed is removed.

    Empty where it cannot be had, as on a full disk: then the system's place must do.
    """
    directory = os.path.join(state_dir, "scratch")
    try:
        shutil.rmtree(directory, ignore_errors=True)
        os.mkdir(directory, 0o700)
        # The disk may have had room for this one, but for no more.
        os.rmdir(tempfile.mkdtemp(dir=directory))
    except OSError:
        return ""
    return directory


def locked(state_dir: str) -> DirectoryLock:
    """Return the lock on *state_dir*. Raises ``AlreadyRunning`` and ``EnvironmentMissing``."""
    try:
        return DirectoryLock(state_dir)
    except BlockingIOError:
        pid = holder(state_dir)
        raise AlreadyRunning(
            f"another sersync{f' (process {pid})' if pid else ''} works on {state_dir}",
            hint=f"{own_command('status', state_dir=state_dir)}    # what it does"
            + (f"\nkill {pid}    # ends it cleanly" if pid else ""),
        ) from None
    except OSError as error:
        with contextlib.suppress(OSError):
            os.rmdir(state_dir)
        raise EnvironmentMissing(
            f"the state directory {state_dir} cannot be used: {error.strerror}",
            hint="Give another one with --state-dir (or state_dir in the configuration).",
        ) from error


def restart_command(config_file: str) -> str:
    """Return the command by which a person starts this very daemon again, to paste."""
    unit = ""
    with contextlib.suppress(OSError):
        unit = os.path.basename(Path("/proc/self/cgroup").read_text("utf-8").rstrip("\n"))
    if unit.startswith("sersync") and unit.endswith(".service"):
        return f"systemctl restart {word(unit.encode())}"
    pid = os.getpid()
    run = f"sersync run -c {word(os.fsencode(config_file))}"
    return f"kill {pid}; tail --pid={pid} -f /dev/null; {run}"
