"""What the kernel knows of our own threads (proc(5), /proc/pid/task)."""

from __future__ import annotations

from typing import Final

_SWITCHES: Final = b"voluntary_ctxt_switches:"


def context_switches(native_id: int) -> int:
    """Return how often the thread gave up a processor or lost one; 0 when it is gone.

    A thread that reads a slow disk counts up all the time; one that waits for ever does not.
    """
    try:
        with open(f"/proc/self/task/{native_id}/status", "rb") as status:
            lines = status.read().splitlines()
    except OSError:
        return 0
    # "nonvoluntary_ctxt_switches" ends alike; both count.
    return sum(int(line.split()[-1]) for line in lines if _SWITCHES in line)
