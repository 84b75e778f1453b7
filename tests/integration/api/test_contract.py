"""What ``docs/json-contract.md`` promises is what is printed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sersync.api.render import batch_document, status_document
from sersync.model.batch import Outcome, Verdict
from sersync.model.status import BatchReport, PassProgress
from tests.support.status import daemon_status, target_status

_CONTRACT = Path(__file__).parents[3] / "docs" / "json-contract.md"


def test_the_contract_describes_every_field() -> None:
    contract = _CONTRACT.read_text()
    outcome = Outcome(verdict=Verdict.DONE, paths=())
    batch = batch_document(BatchReport(source="", target="", outcome=outcome, lag_s=0))
    status = status_document(daemon_status(target_status(progress=PassProgress())))

    assert [name for name in _names(status) | _names(batch) if f"`{name}`" not in contract] == []


def _names(document: Any) -> set[str]:
    if isinstance(document, list):
        return set().union(*map(_names, document))
    if isinstance(document, dict):
        return set(document).union(*map(_names, document.values()))
    return set()
