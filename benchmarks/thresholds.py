"""What names, arguments and levels cost: the figures behind ``sersync/transfer/batch.py``.

Run it with ``python -m benchmarks.thresholds``. Every run here finds nothing to do, over a
loopback daemon, so that what is left is the cost of saying what to compare.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from sersync.rsyncd.conf import Module
from sersync.rsyncd.serve import EmbeddedDaemon

_DIRECTORIES = 40
_FILES = 200
_ROUNDS = 5
_OPTIONS: list[str | bytes] = [
    *("rsync", "-a", "--modify-window=-1", "--force", "--delete", "--delete-missing-args"),
    *("--dirs", "--no-recursive", "--sockopts=TCP_NODELAY"),
]


def main() -> int:
    """Print the table; always 0."""
    with tempfile.TemporaryDirectory(prefix="sersync-bench-") as home:
        source, target = Path(home, "source"), Path(home, "target")
        names = _plant(source)
        target.mkdir()
        module = Module(name="copy", path=os.fsencode(target), chroot=False, uid="root", gid="root")
        with EmbeddedDaemon(Path(home), [module]) as daemon:
            url = daemon.url("copy")
            subprocess.run(["rsync", "-a", f"{source}/", url], check=True)
            _print_costs(source, url, names)
    return 0


def _print_costs(source: Path, url: str, names: list[bytes]) -> None:
    levels = sorted({name[: name.rindex(b"/") + 1] for name in names})
    list_bytes = sum(map(len, names)) + len(names)
    connecting = _listed(source, url, [b"/no-such-name"])
    listed = _listed(source, url, names) - connecting
    as_arguments = _as_arguments(source, url, names) - connecting
    as_levels = _listed(source, url, levels) - connecting
    per_byte = (listed - as_arguments) / list_bytes
    per_entry = as_levels / len(names)
    print(f"{len(names):,} names of {list_bytes // len(names)} bytes, nothing to do:")
    print(f"  a connection                 {1e3 * connecting:8.1f} ms")
    print(f"  names on standard input      {1e3 * listed:8.1f} ms more")
    print(f"  the same names as arguments  {1e3 * as_arguments:8.1f} ms more")
    print(f"  their {len(levels)} directories as levels {1e3 * as_levels:7.1f} ms more")
    print(f"reading a list costs           {1e6 * per_byte:8.2f} µs a byte")
    print(f"comparing a level costs        {1e6 * per_entry:8.2f} µs an entry")
    worth = connecting / per_byte / 1024
    print(f"a list is worth a new connection from {worth:.0f} KiB on")


def _plant(source: Path) -> list[bytes]:
    long = "directory-with-a-name-as-long-as-they-are-in-real-trees"
    names = []
    for directory in range(_DIRECTORIES):
        home = source / long / f"{long}-{directory:04}"
        home.mkdir(parents=True)
        for number in range(_FILES):
            file = home / f"file-{number:06}.data"
            file.touch()
            names.append(b"/" + os.fsencode(file.relative_to(source)))
    return names


def _listed(source: Path, url: str, names: Sequence[bytes]) -> float:
    argv = [*_OPTIONS, "--files-from=-", "--from0", f"{source}/", url]
    stdin = b"".join(name + b"\0" for name in names)
    return min(_timed(argv, stdin, source) for _ in range(_ROUNDS))


def _as_arguments(source: Path, url: str, names: Sequence[bytes]) -> float:
    argv = [*_OPTIONS, "--relative", "--", *(b"." + name for name in names), url]
    return min(_timed(argv, b"", source) for _ in range(_ROUNDS))


def _timed(argv: Sequence[str | bytes], stdin: bytes, cwd: Path) -> float:
    start = time.perf_counter()
    subprocess.run(argv, input=stdin, cwd=cwd, check=True)
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())
