"""The generated documents are those of the schema as it is now."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

from sersync.cli.reference import schema_text, with_settings
from sersync.config.rsync_reference import options_page
from sersync.config.schema import ApiTable, Document, SourceTable, TargetTable

_DOCS = Path(__file__).parents[3] / "docs"
_EXAMPLE = Path(__file__).parents[3] / "examples" / "sersync.toml"


def test_json_schema_in_docs_is_current() -> None:
    assert (_DOCS / "sersync.schema.json").read_text() == schema_text(), (
        "run: python -m sersync.cli.reference"
    )


def test_settings_in_docs_are_current() -> None:
    page = (_DOCS / "configuration.md").read_text()

    assert with_settings(page) == page, "run: python -m sersync.cli.reference"


def test_rsync_options_in_docs_are_current() -> None:
    assert (_DOCS / "rsync-options.md").read_text() == options_page(), (
        "run: python -m sersync.cli.reference"
    )


def test_every_setting_is_described() -> None:
    page = (_DOCS / "configuration.md").read_text()

    for table in (Document, ApiTable, SourceTable, TargetTable):
        for name, field in table.model_fields.items():
            assert field.description
            assert f"`{name}`" in page or name in ("source", "target", "hooks", "notify")


def test_json_schema_knows_every_table() -> None:
    assert {
        "ApiTable",
        "HookTable",
        "NotifyTable",
        "SourceTable",
        "TargetTable",
        "TargetSettings",
        "SshSettings",
    } == set(json.loads(schema_text())["$defs"])


def test_example_is_a_valid_document_that_shows_the_values_that_hold() -> None:
    document = Document.model_validate(tomllib.loads(_EXAMPLE.read_text()))

    assert [source.name for source in document.source] == ["www", "mail"]
    assert document.source[0].target[1].ssh.port == 2222
