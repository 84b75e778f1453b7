"""``SECURITY.md`` claims nothing without a test that exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_PAGE = (_ROOT / "SECURITY.md").read_text()
_TESTS = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", _PAGE)))
_CLAIMS = [line for line in _PAGE.splitlines() if line.startswith("| ") and "proof" not in line]


@pytest.mark.parametrize(("file", "name"), _TESTS)
def test_every_test_that_is_named_exists(file: str, name: str) -> None:
    assert f"def {name}(" in (_ROOT / file).read_text()


def test_every_claim_names_its_proof() -> None:
    assert len(_CLAIMS) >= 15
    assert [line for line in _CLAIMS if "::test_" not in line] == []
