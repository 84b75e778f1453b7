"""A real Chromium, a page served by the real API, and everything that the browser asked for."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from sersync.api.board import Board
from sersync.api.server import ApiServer
from sersync.model.api import ApiSettings
from sersync.rsyncd.running import reserve_port
from tests.page.scene import Scene
from tests.support.trees import wait_until

TOKEN = "a token of more than sixteen characters"
_QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Debian's Chromium, driven by playwright."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is not installed (apt-get install chromium)")
    playwright_api = pytest.importorskip("playwright.sync_api")
    with playwright_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(_QUIET))
        yield browser
        browser.close()


class Site:
    """A page of its own, served at *url*."""

    def __init__(self, board: Board, directory: str, token: str) -> None:
        self._reserved = reserve_port()
        port = int(self._reserved.getsockname()[1])
        settings = ApiSettings(host="127.0.0.1", port=port, token=token)
        self.url = f"http://127.0.0.1:{port}/"
        self._server = ApiServer(os.path.join(directory, "control.sock"), board, settings)
        self._server.start()

        def answers() -> bool:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=5.0).close()
            except OSError:
                return False
            return True

        wait_until(answers)

    def close(self) -> None:
        self._server.close()
        self._reserved.close()


@pytest.fixture
def scene() -> Scene:
    return Scene(time.time())


@pytest.fixture
def serve() -> Iterator[Callable[..., Site]]:
    """Serve a board, with a token unless told otherwise."""
    sites: list[Site] = []
    with tempfile.TemporaryDirectory(prefix="sersync-test-") as directory:

        def serve(board: Board, token: str = TOKEN) -> Site:
            place = Path(directory) / str(len(sites))
            place.mkdir()
            sites.append(Site(board, str(place), token))
            return sites[-1]

        yield serve
        for site in sites:
            site.close()


class _Empty(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def others() -> Iterator[str]:
    """The address of an empty page of somebody else, whose scripts may do what a browser allows."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Empty) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://localhost:{server.server_port}/"
        server.shutdown()
        thread.join()


class Visit:
    """One open page, with what it complained of and what it asked for."""

    def __init__(self, browser: Any, url: str, **settings: Any) -> None:
        self.context = browser.new_context(
            **({"viewport": {"width": 1280, "height": 900}} | settings)
        )
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.may_complain = False
        """Set by a test that makes a request fail, which a browser always tells."""
        self.requested: list[str] = []
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requested.append(request.url))
        self.page.goto(url, wait_until="load")

    def _console(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)


@pytest.fixture
def visit(browser: Any) -> Iterator[Callable[..., Visit]]:
    """Open a page; at the end it must not have complained, nor asked another host for anything."""
    visits: list[Visit] = []

    def visit(url: str, **settings: Any) -> Visit:
        visits.append(Visit(browser, url, **settings))
        return visits[-1]

    yield visit
    for each in visits:
        each.context.close()
        hosts = {url.split("/")[2] for url in each.requested if not url.startswith("data:")}
        assert all(host.startswith("127.0.0.1:") for host in hosts)
        assert each.may_complain or each.complaints == []
