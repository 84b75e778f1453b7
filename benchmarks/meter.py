"""What a running program uses, from /proc (proc(5))."""

from __future__ import annotations

import os
import time
from pathlib import Path

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def cpu_s(pid: int) -> float:
    """Return the seconds of processor time of *pid* itself, its children not counted."""
    return sum(_times(pid)[:2]) * _TICK_S


def resident_bytes(pid: int) -> int:
    """Return the memory of *pid* that is resident."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise ProcessLookupError(pid)


def wait_until_quiet(pid: int, *, quiet_s: float = 0.5, timeout_s: float = 60.0) -> None:
    """Return when *pid* and the children it has reaped used no processor for *quiet_s*."""
    deadline_s = time.monotonic() + timeout_s
    before, since_s = _times(pid), time.monotonic()
    while time.monotonic() - since_s < quiet_s:
        time.sleep(0.02)
        if (now := _times(pid)) != before:
            before, since_s = now, time.monotonic()
        if time.monotonic() > deadline_s:
            return


def _times(pid: int) -> tuple[int, ...]:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return tuple(int(field) for field in fields[11:15])
