"""The page of a real daemon, whose target really goes and comes back."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from sersync.model.path import display
from tests.page.conftest import Site, Visit
from tests.support.engine import Engines, copy_at, engines, source
from tests.support.rsyncd import Rsyncd, rsyncd, rsyncd_factory
from tests.support.trees import wait_until

__all__ = ["engines", "rsyncd", "rsyncd_factory", "source"]

WITHIN_MS = 20_000
HOSTILE = b"<script>x<script>\n\xff\xe2\x80\xae\"'.txt"


def test_a_target_that_goes_and_comes_back_is_followed(
    source: Path,
    rsyncd: Rsyncd,
    engines: Engines,
    serve: Callable[..., Site],
    visit: Callable[..., Visit],
) -> None:
    engine = engines(source, copy_at(rsyncd.root, rsyncd.endpoint))
    engine.wait_for_rest()
    page = visit(serve(engine.daemon._board).url).page
    state = '() => document.querySelector("details.target .state").textContent'
    page.wait_for_function(f'{state}.includes("in sync")', timeout=WITHIN_MS)
    rsyncd.daemon.stop()
    (source / "file").write_text("while it was away")
    page.wait_for_function(f'{state}.includes("backing off")', timeout=WITHIN_MS)
    page.locator("details.target summary").click()
    assert "Next attempt" in page.locator(".facts").inner_text()
    rsyncd.daemon.start()
    [worker] = engine.daemon.workers()
    worker.retry()
    wait_until((rsyncd.root / "file").exists, 60.0)
    # Not "in sync" yet: what was carried just before the loss is to be confirmed.
    page.wait_for_function(f"{state}.match(/settling|in sync/)", timeout=WITHIN_MS)


def test_where_is_my_file_is_answered_for_names_of_any_bytes(
    source: Path,
    rsyncd: Rsyncd,
    engines: Engines,
    serve: Callable[..., Site],
    visit: Callable[..., Visit],
) -> None:
    (source / "<b>&.txt").write_text("carried")
    with open(os.fsencode(source) + b"/" + HOSTILE, "w") as file:
        file.write("carried as well")
    engine = engines(source, copy_at(rsyncd.root, rsyncd.endpoint))
    engine.wait_for_rest()
    site = serve(engine.daemon._board)
    page = visit(site.url).page
    page.fill("#path", "<b>&.txt")
    page.click(".search button")
    page.wait_for_selector(".answer")
    answer = page.locator(".answer").inner_text()
    assert "<b>&.txt" in answer
    assert "copy: " in answer
    page.goto(f"{site.url}?path={quote(HOSTILE)}")
    answer = page.locator(".answer").inner_text()
    assert answer.startswith(display(HOSTILE))
    assert "a file of 15 bytes" in answer
    page.fill("#path", "/nowhere/at/all")
    page.click(".search button")
    page.wait_for_selector(".answer .wrong")

    assert os.fspath(source) in page.locator(".answer .wrong").inner_text()
