"""What an rsync daemon and a stunnel say, line by line into our own log."""

from __future__ import annotations

import logging
import os
import re
import threading
from collections import deque
from typing import Final

log = logging.getLogger("sersync.rsyncd")

_STAMP: Final = re.compile(r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d (\[\d+\]) ")
_LOUD: Final = re.compile(
    r"error|failed|denied|unknown|refus|unable|max connections|IGNORING|not found|\[!\]",
    re.IGNORECASE,
)
_OUR_OWN: Final = re.compile(r"\] connect from \S+ \((127\.0\.0\.1|::1)\)$")
"""What the daemon says when we ask whether it is alive. Who stays is told of again by module."""
_KEPT: Final = 5


class LogLines:
    """A pipe whose lines become log records. ``fd`` is for children to write to."""

    def __init__(self) -> None:
        self._read, self.fd = os.pipe()
        self._last: deque[str] = deque(maxlen=_KEPT)
        self._thread = threading.Thread(target=self._pump, name="log:rsyncd", daemon=True)
        self._thread.start()

    @property
    def last(self) -> str:
        """The last few lines."""
        return "\n".join(self._last)

    def close(self) -> None:
        """Log what is left, once all children have ended."""
        os.close(self.fd)
        self._thread.join(1.0)

    def _pump(self) -> None:
        with open(self._read, encoding="utf-8", errors="backslashreplace") as lines:
            for line in lines:
                if text := line.rstrip():
                    self._last.append(text)
                    log.log(level_of(text), "rsync%s", f" {told(text)}")


def told(line: str) -> str:
    """Return *line* without the date that our own log has, too."""
    return _STAMP.sub(r"\1 ", line, count=1)


def level_of(line: str) -> int:
    """Return how loud *line* is: a refusal or a failure is a warning."""
    if _OUR_OWN.search(line):
        return logging.DEBUG
    return logging.WARNING if _LOUD.search(line) else logging.INFO
