"""The fault matrix, family by family."""

from __future__ import annotations

from typing import Final

from sersync.selftest.row import Row
from sersync.selftest.rows.connections import CONNECTIONS
from sersync.selftest.rows.down import DOWN
from sersync.selftest.rows.files import FILES
from sersync.selftest.rows.kills import KILLS
from sersync.selftest.rows.memory import MEMORY
from sersync.selftest.rows.sources import SOURCES
from sersync.selftest.rows.targets import TARGETS

ROWS: Final[tuple[Row, ...]] = tuple(
    row
    for table in (KILLS, DOWN, CONNECTIONS, TARGETS, FILES, SOURCES, MEMORY)
    for row in table.rows
)
"""Every row, in the order in which they are played."""
