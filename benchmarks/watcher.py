"""What the inotify watcher costs: ``python -m benchmarks.watcher``.

Nothing is transferred; the numbers are the watcher's own. Trees are made in ``TMPDIR``.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from sersync.model.filters import Filter
from sersync.model.path import RelPath
from sersync.model.report import Stage, Touched
from sersync.watch.inotify import InotifyWatcher

_FILES = 20_000
_PROBES = 300
_WRITER = """
import os, sys
for n in range(int(sys.argv[2])):
    fd = os.open(f"{sys.argv[1]}/d{n % 100}/file{n}", os.O_CREAT | os.O_WRONLY, 0o644)
    os.write(fd, b"x" * 4096)
    os.close(fd)
"""


def main() -> None:
    """Measure and print one line for each number."""
    for measure in (_burst, _latency, _large_tree):
        directory = Path(tempfile.mkdtemp(prefix="bench-watcher-"))
        try:
            measure(directory)
        finally:
            shutil.rmtree(directory)


def _watch(root: Path) -> InotifyWatcher:
    watcher = InotifyWatcher(os.fsencode(root), Filter(), raise_limits=False)
    watcher.begin()
    return watcher


def _burst(root: Path) -> None:
    for number in range(100):
        (root / f"d{number}").mkdir()
    watcher = _watch(root)
    done: set[RelPath] = set()
    began_s = time.process_time()
    with subprocess.Popen([sys.executable, "-c", _WRITER, str(root), str(_FILES)]) as writer:
        while True:
            reports = watcher.take(0.5)
            done |= {
                report.path
                for report in reports
                if isinstance(report, Touched) and report.stage is Stage.DONE
            }
            if not reports and writer.poll() is not None:
                break
    spent_s = time.process_time() - began_s
    watcher.close()
    print(f"burst: {len(done)} of {_FILES} files told, {spent_s / _FILES * 1e6:.1f} us CPU each")


def _latency(root: Path) -> None:
    watcher = _watch(root)
    told_at: dict[RelPath, float] = {}

    def read() -> None:
        while reports := watcher.take(1.0):
            now = time.perf_counter()
            for report in reports:
                if isinstance(report, Touched) and report.stage is Stage.DONE:
                    told_at.setdefault(report.path, now)

    reader = threading.Thread(target=read)
    reader.start()
    closed_at: dict[RelPath, float] = {}
    for number in range(_PROBES):
        (root / f"{number}").write_bytes(b"x" * 4096)
        closed_at[RelPath(b"%d" % number)] = time.perf_counter()
        time.sleep(0.005)
    reader.join()
    watcher.close()
    waits_us = sorted((told_at[path] - at) * 1e6 for path, at in closed_at.items())
    p99_us = waits_us[len(waits_us) * 99 // 100]
    print(f"close to report: median {statistics.median(waits_us):.0f} us, p99 {p99_us:.0f} us")


def _large_tree(root: Path) -> None:
    for number in range(100_000):
        os.makedirs(root / f"project{number // 1000}/part{number // 30}/directory{number % 30}")
    before_mb = _resident_mb()
    began_s = time.monotonic()
    watcher = _watch(root)
    spent_s = time.monotonic() - began_s
    used_mb = _resident_mb() - before_mb
    print(f"begin: {watcher.directories} directories in {spent_s:.1f} s, {used_mb:.0f} MB")
    leaves = list(root.glob("project*/part*/directory7"))
    for leaf in leaves:
        leaf.rename(leaf.with_name("renamed"))
    cpu_s = time.process_time()
    while watcher.take(0.2):
        pass
    spent_s = time.process_time() - cpu_s
    print(f"{len(leaves)} directories renamed: {spent_s / len(leaves) * 1e6:.0f} us CPU each")
    print(f"resident then: {_resident_mb() - before_mb:.0f} MB more than before")
    watcher.close()


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 1e6


if __name__ == "__main__":
    main()
