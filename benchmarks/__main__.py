"""Run the rows that are named, all by default, and print the table; see ``--help``."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from benchmarks.place import Place
from benchmarks.rows import ROWS
from benchmarks.table import Line, header, replace_block, row

_ROOM_BYTES = 6 << 30


def main() -> int:
    """Return 0 when every bar is met, else 1."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of {', '.join(ROWS)}")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the table into FILE, too")
    parser.add_argument(
        "--directory", type=Path, metavar="DIR", default=_memory_or_disk(),
        help="make sources and targets below DIR (default: %(default)s)",
    )  # fmt: skip
    arguments = parser.parse_args()
    if unknown := set(arguments.rows) - set(ROWS):
        parser.error(f"no such row: {', '.join(sorted(unknown))}")
    names = arguments.rows or list(ROWS)
    print(header(), flush=True)
    lines = []
    # Directories stay until the end: ext4 shuns inodes that were just freed, so that cleaning up
    # after one row would slow down the next one.
    with tempfile.TemporaryDirectory(prefix="sersync-bench-", dir=arguments.directory) as home:
        for name in names:
            lines += _measure(name, Path(home) / name)
        if arguments.write:
            _write(arguments, lines)
    return 0 if all(line.is_met is not False for line in lines) else 1


def _measure(name: str, home: Path) -> list[Line]:
    home.mkdir()
    start_s = time.monotonic()
    lines = []
    with ExitStack() as stack:
        for line in ROWS[name](Place(home, stack)):
            print(row(line), flush=True)
            lines.append(line)
    print(f"{name}: {time.monotonic() - start_s:.0f} s", file=sys.stderr)
    return lines


def _write(arguments: argparse.Namespace, lines: list[Line]) -> None:
    file: Path = arguments.write
    if arguments.rows:
        print(f"{file} is left as it is: only some rows were measured", file=sys.stderr)
        return
    table = "\n".join([header(), *map(row, lines)])
    block = f"\n{_circumstances(arguments.directory)}\n\n{table}\n"
    file.write_text(replace_block(file.read_text(), block))


def _circumstances(directory: Path) -> str:
    rsync = subprocess.run(("rsync", "--version"), capture_output=True, text=True, check=True)
    kind = subprocess.run(
        ("stat", "--file-system", "--format=%T", directory),
        capture_output=True,
        text=True,
        check=True,
    )
    return (
        f"Measured on {time.strftime('%Y-%m-%d')}: {os.cpu_count()} processors,"
        f" Linux {platform.release().partition('-')[0]}, Python {platform.python_version()},"
        f" rsync {rsync.stdout.split()[2]}, trees on {kind.stdout.strip()}."
    )


def _memory_or_disk() -> Path:
    """Return a directory in memory if there is room: a disk's moods are not what we measure."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > _ROOM_BYTES
    return memory if roomy and "TMPDIR" not in os.environ else Path(tempfile.gettempdir())


if __name__ == "__main__":
    sys.exit(main())
