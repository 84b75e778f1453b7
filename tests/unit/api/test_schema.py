"""The schema of a document is what the renderers make."""

from __future__ import annotations

from typing import Any

import pytest

from sersync.api.question_schemas import EXPLAINED, FLUSHED, VERIFIED, WAITED
from sersync.api.render import deeds_document, pending_document, status_document
from sersync.api.render_questions import (
    explanations_document,
    flushed_document,
    verifications_document,
    waited_document,
)
from sersync.api.schema import names_of, schema_of
from sersync.model.request import Deed
from sersync.model.status import DaemonStatus, PendingStatus
from tests.support.full_answers import (
    a_full_explanation,
    a_full_flush,
    a_full_verification,
    a_full_wait,
)
from tests.support.full_status import a_full_backlog, a_full_deed, a_full_status


@pytest.mark.parametrize(
    ("schema", "document"),
    [
        (schema_of(DaemonStatus), status_document(a_full_status())),
        (schema_of(PendingStatus), pending_document([a_full_backlog()])["targets"][0]),
        (schema_of(Deed), deeds_document([a_full_deed()])["targets"][0]),
        (WAITED, waited_document([a_full_wait()])),
        (FLUSHED, flushed_document([a_full_flush()])),
        (EXPLAINED, explanations_document([a_full_explanation()], state_dir="")),
        (VERIFIED, verifications_document([a_full_verification()], most=1)),
    ],
)
def test_every_field_of_the_schema_is_rendered_and_no_other(
    schema: dict[str, Any], document: dict[str, Any]
) -> None:
    assert set(_names(document)) == set(names_of(schema))


def _names(document: Any, prefix: str = "") -> list[str]:
    if isinstance(document, list):
        return [name for each in document for name in _names(each, f"{prefix}[]")]
    if not isinstance(document, dict):
        return []
    names = []
    for name, inner in document.items():
        path = f"{prefix}.{name}" if prefix else name
        names += [path, *_names(inner, path)]
    return names
