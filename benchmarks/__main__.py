"""Run the rows that are named, all by default, and print the table; see ``--help``."""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from benchmarks.place import Place
from benchmarks.rows import ROWS
from benchmarks.table import Line, header, replace_block, row


def main() -> int:
    """Return 0 when every bar is met, else 1."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of {', '.join(ROWS)}")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the table into FILE, too")
    arguments = parser.parse_args()
    if unknown := set(arguments.rows) - set(ROWS):
        parser.error(f"no such row: {', '.join(sorted(unknown))}")
    names = arguments.rows or list(ROWS)
    print(header(), flush=True)
    lines = []
    # Directories stay until the end: ext4 does not like to reuse inodes that were just freed,
    # so that cleaning up after one row would slow down the next one.
    with tempfile.TemporaryDirectory(prefix="sersync-bench-") as home:
        for name in names:
            lines += _measure(name, Path(home) / name)
        if arguments.write:
            _write(arguments.write, lines, partial=bool(arguments.rows))
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


def _write(file: Path, lines: list[Line], *, partial: bool) -> None:
    if partial:
        print(f"{file} is left as it is: only some rows were measured", file=sys.stderr)
        return
    table = "\n".join([header(), *map(row, lines)])
    block = f"\n{_circumstances()}\n\n{table}\n"
    file.write_text(replace_block(file.read_text(), block))


def _circumstances() -> str:
    rsync = subprocess.run(("rsync", "--version"), capture_output=True, text=True, check=True)
    version = rsync.stdout.split()[2]
    return (
        f"Measured on {time.strftime('%Y-%m-%d')}: {os.cpu_count()} processors,"
        f" Linux {platform.release()}, Python {platform.python_version()}, rsync {version}."
    )


if __name__ == "__main__":
    sys.exit(main())
