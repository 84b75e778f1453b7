"""``docs/operations.md`` explains each message that asks for action, and none that is gone."""

from __future__ import annotations

import re

from tests.integration.packaging.test_monitoring import RULES
from tests.support.operations import PAGE, messages, renewed

_ROW = re.compile(r"^\| `([^`]+)` \| (?:warning|error|critical|reason) \|", re.MULTILINE)
_ROWS = set(_ROW.findall(PAGE.read_text()))


def test_every_message_that_asks_for_action_is_explained() -> None:
    assert len(messages()) > 40
    assert messages() - _ROWS == set()


def test_no_message_is_explained_that_is_not_said_any_more() -> None:
    assert _ROWS - messages() == set()


def test_what_is_made_is_up_to_date() -> None:
    """``python -m tests.support.operations`` renews it."""
    assert renewed(PAGE.read_text()) == PAGE.read_text()


def test_every_alert_has_an_entry() -> None:
    rings = set(re.findall(r"alert: (\w+)", RULES.read_text()))
    told = set(re.findall(r"^\| `(Sersync\w+)` \|", PAGE.read_text(), re.MULTILINE))

    assert told == rings
