"""What several tests of whole pipelines want."""

from __future__ import annotations

import pytest


@pytest.fixture
def held_from_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hold a new file as long as one that is written to, whichever of the two is read first."""
    monkeypatch.setattr("sersync.replication.mailbox.CREATED_HOLD_S", 600.0)
