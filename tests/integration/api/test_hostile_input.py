"""Whatever is asked, within the OpenAPI document or beside it, is answered as it says."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.core.result import Ok

from sersync.model.api import ApiSettings
from sersync.model.target import LocalDirectory
from sersync.rsyncd.running import reserve_port
from tests.support.engine import Engine, copy_at

TOKEN = "a-token-of-more-than-sixteen-characters"
_BEARER = {"Authorization": f"Bearer {TOKEN}"}
_SHORT_S = 0.05


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real daemon's listener with a token, which can be read without it."""
    place = tmp_path_factory.mktemp("api")
    (place / "source").mkdir()
    (place / "copy").mkdir()
    (place / "source" / "file").write_text("x")
    copy = copy_at(place / "copy", LocalDirectory(path=os.fsencode(place / "copy")))
    engine = Engine(place / "source", copy)
    with reserve_port() as reserved:
        port = reserved.getsockname()[1]
        api = ApiSettings(host="127.0.0.1", port=port, token=TOKEN)
        engine.daemon.settings = replace(engine.daemon.settings, api=api)
        engine.start()
        engine.wait_for_rest()
        yield f"http://127.0.0.1:{port}"
        engine.stop()


_QUICK = settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_every_answer_is_as_the_document_says(address: str, mode: GenerationMode) -> None:
    documented = schemathesis.openapi.from_url(f"{address}/openapi.json")
    tried = set()
    # A stream of events has no end, so it is no case for a generator.
    for found in documented.exclude(path="/v1/events").get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        tried.add(operation.label)

        @_QUICK
        @given(case=operation.as_strategy(generation_mode=mode))
        def is_answered(case: Any) -> None:
            # In a query {"a": "b"} is "a=b" and [1] is "1": what was wrong does not show any more.
            assume(not any(isinstance(each, dict | list) for each in (case.query or {}).values()))
            _hasten(case)
            case.call_and_validate(headers=_BEARER, timeout=30.0)

        try:
            is_answered()
        except Unsatisfiable:
            # Nothing can be wrong in a request that takes nothing.
            assert mode is GenerationMode.NEGATIVE

    assert tried > {"GET /v1/status", "POST /v1/resync", "GET /v1/explain", "POST /v1/wait"}


def _hasten(case: Any) -> None:
    """Let nothing be waited for that long, since what is paused never arrives."""
    if case.path != "/v1/wait" or not isinstance(case.body, dict):
        return
    asked = case.body.setdefault("timeout_s", _SHORT_S)
    if isinstance(asked, int | float) and 0 <= asked <= 86_400:
        case.body["timeout_s"] = min(asked, _SHORT_S)
