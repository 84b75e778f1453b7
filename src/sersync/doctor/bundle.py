"""What a person who helps must see, in one file, without a secret in it."""

from __future__ import annotations

import io
import json
import os
import platform
import tarfile
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from sersync import __version__
from sersync.doctor.finding import Finding
from sersync.doctor.masking import masked
from sersync.doctor.report import document, lines
from sersync.linux.once import run_once
from sersync.model.target import Target

_MOST_LOG_LINES: Final = "2000"
_LIMITS: Final = (
    "/proc/sys/fs/inotify/max_user_watches",
    "/proc/sys/fs/inotify/max_queued_events",
    "/proc/sys/fs/inotify/max_user_instances",
    "/proc/sys/fs/file-max",
)


def secrets_of(targets: Iterable[Target], environ: Mapping[str, str]) -> set[str]:
    """Return every secret that the settings of *targets* lead to."""
    found = {environ.get("RSYNC_PASSWORD", "")}
    for target in targets:
        found.add(target.password)
        if target.password_file:
            found.update(_lines_of(target.password_file))
    return found - {""}


def contents(
    findings: Sequence[Finding], *, config_file: str, statuses: Sequence[dict[str, Any]]
) -> dict[str, str]:
    """Return the texts that help, by the name of their file. Nothing is masked yet."""
    return {
        "doctor.txt": "\n".join(lines(findings)) + "\n",
        "doctor.json": json.dumps(document(findings), indent=2),
        "versions.txt": _versions(),
        "limits.txt": "".join(f"{name}: {_text(name).strip()}\n" for name in _LIMITS),
        "mounts.txt": _text("/proc/self/mountinfo"),
        "status.json": json.dumps({"instances": list(statuses)}, indent=2),
        "log.txt": _log(),
        **({f"config/{os.path.basename(config_file)}": _text(config_file)} if config_file else {}),
    }


def write_bundle(file: str, texts: Mapping[str, str], secrets: Iterable[str]) -> list[str]:
    """Write *texts*, masked, as a gzipped tar archive that only its owner may read.

    Returns the names in it. Raises ``OSError``; ``FileExistsError`` when there is such a file.
    """
    known = tuple(secrets)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    with (
        open(os.open(file, flags, 0o600), "wb") as sink,
        tarfile.open(fileobj=sink, mode="w:gz") as archive,
    ):
        for name, text in texts.items():
            content = masked(text, known).encode("utf-8", "backslashreplace")
            entry = tarfile.TarInfo(f"sersync-bundle/{name}")
            entry.size = len(content)
            entry.mtime = int(time.time())
            entry.mode = 0o600
            archive.addfile(entry, io.BytesIO(content))
    return list(texts)


def _versions() -> str:
    rsync = run_once(["rsync", "--version"], deadline_s=10.0).stdout.decode("utf-8", "replace")
    return "\n".join(
        (
            f"sersync {__version__}",
            f"Python {platform.python_version()}",
            " ".join(platform.uname()),
            _text("/etc/os-release"),
            rsync,
        )
    )


def _log() -> str:
    said = run_once(
        ["journalctl", "--unit=sersync*", "--no-pager", "--lines", _MOST_LOG_LINES],
        deadline_s=20.0,
    )
    if said.code:
        return "no journal here\n"
    return said.stdout.decode("utf-8", "replace")


def _text(path: str) -> str:
    try:
        return Path(path).read_text("utf-8", "surrogateescape")
    except OSError as error:
        return f"({error.strerror})\n"


def _lines_of(path: str) -> list[str]:
    try:
        return Path(path).read_text("utf-8", "surrogateescape").split()
    except OSError:
        return []
