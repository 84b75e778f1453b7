"""Names and messages that mean mischief: they are shown, and do nothing. Paths are bytes."""

from __future__ import annotations

import re
import time
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import quote

import pytest

from sersync.api.page.render import live, page
from sersync.api.page.shapes import AnswerView
from sersync.api.page.view import Past, page_view
from sersync.model.batch import Reason
from sersync.model.history import Transfer
from sersync.model.path import RelPath
from sersync.model.status import DaemonStatus, TargetState
from tests.page.conftest import Site, Visit
from tests.page.scene import HOSTILE, Scene

MISCHIEF = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>\x00\x1b[31m\u202eexe\u2066"
SHOWS_NOTHING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def _everywhere(scene: Scene) -> DaemonStatus:
    """Return the status of *scene* with mischief wherever words come from elsewhere."""
    reason = Reason(message=MISCHIEF, remedy=MISCHIEF, command=MISCHIEF)
    sources = tuple(
        replace(
            source,
            root=MISCHIEF,
            notes=(MISCHIEF,),
            halted=reason if source.halted else None,
            targets=tuple(
                replace(target, endpoint=MISCHIEF, notes=(MISCHIEF,), reason=reason)
                for target in source.targets
            ),
        )
        for source in scene.current.sources
    )
    return replace(scene.current, version=MISCHIEF, sources=sources)


def _transfers(source: str, target: str) -> list[Transfer]:
    return [
        Transfer(
            at=0.0,
            source=source,
            target=target,
            kind=MISCHIEF,
            verdict=MISCHIEF,
            paths=1,
            duration_s=1.0,
            reason=MISCHIEF,
            examples=(RelPath(HOSTILE),),
        )
    ]


def test_whatever_words_come_from_elsewhere_they_are_only_words(scene: Scene) -> None:
    past = Past(
        samples=scene.samples,
        transfers=_transfers,
        pending=lambda source, target: scene.pending(source=source, target=target),
    )
    view = page_view(_everywhere(scene), past, now=time.time())
    html = page(view, answer=AnswerView(title=MISCHIEF, lines=(MISCHIEF,), error=MISCHIEF)).decode()

    assert len(re.findall("<script", html)) == 1
    assert "<img src=x" not in html
    assert SHOWS_NOTHING.search(html) is None
    assert html.count("&lt;script&gt;") > 100
    assert live(view).decode() in html


def test_hostile_paths_are_shown_in_a_browser_and_do_nothing(
    scene: Scene, serve: Callable[..., Site], visit: Callable[..., Visit]
) -> None:
    scene.set("www", "archive", notes=(MISCHIEF,), state=TargetState.BACKING_OFF)
    page = visit(serve(scene).url).page
    target = page.locator('[data-key="target:www/archive"]')
    target.locator("summary").click()
    text = target.inner_text()

    assert "<script>alert(1)</script>\\x0a\\xff\\u202eexe" in text
    assert SHOWS_NOTHING.search(text) is None
    assert page.locator("#live script, #live img").count() == 0
    assert page.evaluate("() => document.querySelectorAll('[onerror]').length") == 0


def test_a_path_on_the_page_leads_to_what_is_known_of_it(
    scene: Scene, serve: Callable[..., Site], visit: Callable[..., Visit]
) -> None:
    page = visit(serve(scene).url).page
    target = page.locator('[data-key="target:www/archive"]')
    target.locator("summary").click()
    link = target.locator(".problems a.path").first

    assert link.get_attribute("href") == f"/?source=www&path={quote(HOSTILE)}"
    link.click()
    page.wait_for_selector(".answer")
    assert page.locator("#answer-title").inner_text().startswith("<script>alert(1)</script>\\x0a")


@pytest.mark.parametrize("path", [HOSTILE, b"\xff", "a\u202eb".encode(), b"\0", b"a" * 5000])
def test_any_bytes_may_be_asked_for(scene: Scene, serve: Callable[..., Site], path: bytes) -> None:
    with urllib.request.urlopen(f"{serve(scene).url}?path={quote(path)}") as answer:
        html = answer.read().decode()

    assert 'class="answer"' in html
    assert SHOWS_NOTHING.search(html) is None
    assert html.count("<script") == 1
