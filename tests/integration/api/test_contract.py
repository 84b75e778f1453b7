"""What ``docs/json-contract.md`` promises is what is printed, and what was promised once stays."""

from __future__ import annotations

import re
from pathlib import Path

from sersync.api.endpoints import ENDPOINTS
from sersync.api.render import batch_document
from sersync.api.schema import names_of, schema_of
from sersync.model.batch import Outcome, Verdict
from sersync.model.status import BatchReport, SourceStatus, TargetStatus

_CONTRACT = Path(__file__).parents[3] / "docs" / "json-contract.md"
_GOLDEN = Path(__file__).parent / "golden-fields.txt"


def _fields() -> list[str]:
    return [
        f"{each.method} {each.path} {name}" for each in ENDPOINTS for name in names_of(each.returns)
    ]


def test_a_field_that_was_promised_once_is_there_for_ever() -> None:
    promised = _GOLDEN.read_text().splitlines()

    assert [field for field in promised if field not in _fields()] == []


def test_a_new_field_is_promised() -> None:
    promised = _GOLDEN.read_text().splitlines()

    assert [field for field in _fields() if field not in promised] == [], f"add them to {_GOLDEN}"


def test_the_contract_describes_every_field() -> None:
    contract = _CONTRACT.read_text()
    outcome = Outcome(verdict=Verdict.DONE, paths=())
    batch = batch_document(BatchReport(source="", target="", outcome=outcome, lag_s=0))
    names = {field.rpartition(".")[2].rpartition(" ")[2] for field in _fields()} | batch.keys()

    assert [name for name in sorted(names) if f"`{name}`" not in contract] == []


def test_the_tables_of_the_contract_name_no_field_that_is_not_there() -> None:
    contract = _CONTRACT.read_text()
    for title, kind in (("A source:", SourceStatus), ("A target:", TargetStatus)):
        table = contract.partition(f"\n{title}\n")[2].strip().split("\n\n")[0]
        cells = [row.split("|")[1] for row in table.splitlines()[2:]]
        named = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}

        assert named == set(schema_of(kind)["properties"])
