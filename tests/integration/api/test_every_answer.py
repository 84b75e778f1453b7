"""What holds for every answer, whatever was asked for."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sersync.api.server import ApiServer
from sersync.model.api import ApiSettings
from tests.support.board import FakeBoard

TOKEN = "a-token-of-more-than-sixteen-characters"


@pytest.fixture
def port(tmp_path: Path, free_port: Callable[[], int]) -> Iterator[int]:
    port = free_port()
    settings = ApiSettings(host="127.0.0.1", port=port, token=TOKEN)
    server = ApiServer(str(tmp_path / "control.sock"), FakeBoard(), settings)
    server.start()
    yield port
    server.close()


def _ask(port: int, method: str, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30.0)
    try:
        connection.request(method, path, "{}" if method == "POST" else None, headers)
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/v1/status", {}, 200),
        ("GET", "/openapi.json", {}, 200),
        ("HEAD", "/v1/events", {}, 200),
        ("GET", "/", {}, 200),
        ("GET", "/nothing", {}, 404),
        ("GET", "/static/../../../etc/passwd", {}, 404),
        ("GET", "/v1/pause", {}, 405),
        ("GET", "/v1/status", {"Host": "evil.example"}, 421),
        ("POST", "/v1/pause", {}, 401),
        ("POST", "/v1/pause", {"Authorization": f"Bearer {TOKEN}"}, 415),
    ],
)
def test_every_answer_tells_a_browser_what_it_may_not_do(
    port: int, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    found, told, _ = _ask(port, method, path, **headers)
    told = {name.lower(): value for name, value in told.items()}

    assert found == status
    policy = dict(rule.strip().split(" ", 1) for rule in told["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert "unsafe" not in told["content-security-policy"]
    assert all("http" not in sources for sources in policy.values())
    assert told["x-content-type-options"] == "nosniff"
    assert told["referrer-policy"] == "no-referrer"
    assert told["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in told
    assert "server" not in told


def test_every_address_is_in_the_document_and_every_one_in_it_is_there(port: int) -> None:
    from sersync.api.asgi import make_app
    from sersync.api.news import News

    described = json.loads(_ask(port, "GET", "/openapi.json")[2])["paths"]
    for path, operations in described.items():
        for method in operations:
            # Without the token a POST is refused; that there is one shows in that alone.
            headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "text/plain"}
            asked = "HEAD" if method == "get" else "POST"
            assert _ask(port, asked, path, **headers)[0] not in (404, 405), (method, path)

    from sersync.api.endpoints import ENDPOINTS
    from sersync.api.page.endpoints import PAGE

    app: Any = make_app(FakeBoard(), (*ENDPOINTS, *PAGE), News(dict), door=None)
    routes = {route.path for route in app._app.routes}
    assert routes == described.keys()


def test_nothing_of_http_is_loaded_before_somebody_asks() -> None:
    script = (
        "import sys, sersync.daemon.service, sersync.cli.mirror, sersync.cli.legacy\n"
        "print(*sorted({'starlette', 'uvicorn', 'anyio', 'jinja2', 'prometheus_client'}"
        " & sys.modules.keys()))"
    )
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)

    assert (loaded.returncode, loaded.stdout.strip()) == (0, "")
