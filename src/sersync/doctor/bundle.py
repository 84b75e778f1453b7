"""What a person who helps must see, in one file, without a secret in it."""

from __future__ import annotations

import io
import json
import os
import platform
import tarfile
import time
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from sersync import __version__
from sersync.config.places import instance_files
from sersync.doctor.finding import Finding
from sersync.doctor.masking import masked
from sersync.doctor.report import document, lines
from sersync.linux.once import run_once
from sersync.model.target import Target

_MOST_LOG_LINES: Final = "2000"
_MOST_LOG_BYTES: Final = 1 << 20
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


def secret_headers(config_file: str) -> set[str]:
    """Return the values of the headers that *config_file* has for requests of its own."""
    try:
        raw = tomllib.loads(_text(config_file))
    except tomllib.TOMLDecodeError:
        return set()  # a confxml.xml has none, and what is broken is masked where it stands
    tables = [*_tables(raw.get("hooks")), *_tables(raw.get("notify"))]
    headers = [each.get("headers") for each in tables]
    values = [str(value) for each in headers if isinstance(each, dict) for value in each.values()]
    # "Bearer SECRET" is one value, of which a message may show the second word alone.
    return {word for value in values for word in (value, *value.split()[1:])}


def _tables(found: object) -> list[dict[str, Any]]:
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def log_files(config_file: str, pids: Iterable[int], environ: Mapping[str, str]) -> list[str]:
    """Return the log files of the daemon of *config_file*, and those that *pids* write to."""
    found = []
    if config_file:
        own = instance_files(os.path.realpath(config_file), environ).log
        found += [f"{own}.1", own]
    for pid in pids:
        for descriptor in ("1", "2"):
            with suppress(OSError):
                found.append(os.readlink(f"/proc/{pid}/fd/{descriptor}"))
    return [file for file in dict.fromkeys(found) if os.path.isfile(file)]


def contents(
    findings: Sequence[Finding],
    *,
    config_file: str,
    statuses: Sequence[dict[str, Any]],
    logs: Sequence[str] = (),
) -> dict[str, str]:
    """Return the texts that help, by the name of their file. Nothing is masked yet.

    *logs*: files of which the last lines belong into it, beside the journal.
    """
    return {
        "doctor.txt": "\n".join(lines(findings)) + "\n",
        "doctor.json": json.dumps(document(findings), indent=2),
        "versions.txt": _versions(),
        "limits.txt": "".join(f"{name}: {_text(name).strip()}\n" for name in _LIMITS),
        "mounts.txt": _text("/proc/self/mountinfo"),
        "status.json": json.dumps({"instances": list(statuses)}, indent=2),
        "log.txt": _log(),
        **{
            f"log/{number}-{os.path.basename(file)}": _end(file) for number, file in enumerate(logs)
        },
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


def _end(path: str) -> str:
    """Return the last lines of the log at *path*, under its name."""
    try:
        with open(path, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _MOST_LOG_BYTES))
            last = file.read(_MOST_LOG_BYTES).decode("utf-8", "replace").splitlines()
    except OSError as error:
        return f"{path}: {error.strerror}\n"
    return "\n".join([path, *last[-int(_MOST_LOG_LINES) :]]) + "\n"


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
