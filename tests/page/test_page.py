"""The page as a person sees and uses it, in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from typing import Any

import pytest

from sersync.model.batch import Reason
from sersync.model.request import Verb
from sersync.model.status import TargetState
from tests.page.conftest import TOKEN, Site, Visit
from tests.page.scene import MASS_DELETION, UNMOUNTED, Scene

Serve = Callable[..., Site]
Visits = Callable[..., Visit]

WITHIN_MS = 30_000.0

_SEEN_WHEN = """(words) => {
    const place = document.querySelector('[data-key="target:www/web1"] .state');
    window.seen = null;
    const watching = new MutationObserver(() => {
        if (!place.textContent.includes(words)) return;
        window.seen = performance.now();
        watching.disconnect();
    });
    watching.observe(place, {childList: true, characterData: true, subtree: true});
}"""


def row(page: Any, key: str) -> Any:
    return page.locator(f'[data-key="target:{key}"]')


def test_every_source_and_target_is_shown_with_its_state_in_words(
    scene: Scene, serve: Serve, visit: Visits
) -> None:
    page = visit(serve(scene).url).page
    assert page.locator("details.target").count() == 15
    assert page.locator("section.source").count() == 3
    words = {
        "www/web1": "in sync", "www/web2": "transferring", "www/web3": "backing off",
        "www/backup": "halted", "www/archive": "settling", "media/node1": "comparing",
        "media/node2": "paused", "media/node4": "starting", "mail/mx1": "halted",
    }  # fmt: skip
    for key, word in words.items():
        assert word in row(page, key).locator("summary .state").inner_text()
    assert "2 things need your decision" in page.locator("h1").inner_text()
    assert "3 of 15 targets in sync" in page.locator(".headline p").inner_text()


def test_what_is_halted_is_told_first_with_what_to_type(
    scene: Scene, serve: Serve, visit: Visits
) -> None:
    page = visit(serve(scene).url).page
    alarms = page.locator(".alarm")
    assert alarms.count() == 2
    texts = alarms.all_inner_texts()
    for reason in (MASS_DELETION, UNMOUNTED):
        [text] = [text for text in texts if reason.message in text]
        # Once is enough: it stands below, to be copied.
        assert reason.remedy.replace(MASS_DELETION.command, "the command below") in text
    commands = page.locator(".alarm .command code").all_inner_texts()

    assert commands == [MASS_DELETION.command, UNMOUNTED.command]


def test_a_halt_that_needs_no_confirmation_tells_how_to_go_on_afterwards(
    scene: Scene, serve: Serve, visit: Visits
) -> None:
    refused = Reason(message="the password is wrong", remedy="Correct it.", command="cat secrets")
    scene.set("media", "node1", state=TargetState.HALTED, reason=refused)
    page = visit(serve(scene).url).page
    alarm = page.locator(".alarm", has_text="the password is wrong")

    assert alarm.locator(".command code").all_inner_texts() == [
        "cat secrets",
        "sersync resume --source media --target node1 --state-dir /var/lib/sersync/all",
    ]
    assert "Then let it go on:" in alarm.inner_text()


def test_what_the_audit_found_is_told(scene: Scene, serve: Serve, visit: Visits) -> None:
    page = visit(serve(scene).url).page
    row(page, "www/web1").locator("summary").click()
    facts = row(page, "www/web1").locator(".facts").inner_text()

    assert "2 rounds ended, 1,893 entries compared in this one" in facts
    assert "3 paths, 3 carried again; last img/logo.png, 2 h" in facts
    assert "as it was left" in facts


def test_a_change_is_seen_within_a_second_and_what_is_open_stays_open(
    scene: Scene, serve: Serve, visit: Visits
) -> None:
    page = visit(serve(scene).url).page
    row(page, "www/web1").locator("summary").click()
    took_ms = []
    for number in range(5):
        state, words = (
            (TargetState.IN_SYNC, "in sync") if number % 2 else (TargetState.PAUSED, "paused")
        )
        page.evaluate(_SEEN_WHEN, words)
        # Right after the daemon was looked at, when it is longest until it is looked at again.
        with page.expect_response("**/live*"):
            pass
        began = page.evaluate("() => performance.now()")
        scene.set("www", "web1", state=state, pending=77 + number, lag_s=2.0)
        page.wait_for_function("() => window.seen", timeout=WITHIN_MS)
        took_ms.append(page.evaluate("() => window.seen") - began)

    assert "81 paths" in row(page, "www/web1").inner_text()
    assert row(page, "www/web1").get_attribute("open") is not None
    # The best of them: others on this host may hold the browser up for as long as they like.
    assert min(took_ms) < 1000


def test_a_halt_that_comes_and_goes_is_told_and_taken_back(
    scene: Scene, serve: Serve, visit: Visits
) -> None:
    page = visit(serve(scene).url).page
    reason = scene.current.sources[0].targets[3].reason
    scene.set("www", "web1", state=TargetState.HALTED, reason=reason)
    page.wait_for_function("() => document.querySelectorAll('.alarm').length === 3")
    scene.set("www", "web1", state=TargetState.IN_SYNC, reason=None)

    page.wait_for_function("() => document.querySelectorAll('.alarm').length === 2")


def test_plots_say_in_words_what_they_show(scene: Scene, serve: Serve, visit: Visits) -> None:
    page = visit(serve(scene).url).page
    row(page, "www/web3").locator("summary").click()
    labels = [
        plot.get_attribute("aria-label") for plot in row(page, "www/web3").locator("svg.plot").all()
    ]

    assert len(labels) == 4
    assert labels[0].startswith("Lag over the last hour: now 3 min")
    assert labels[3].startswith("Throughput over the last day: now ")


def test_without_a_script_everything_can_be_read_and_the_page_comes_again(
    scene: Scene, serve: Serve, visit: Visits
) -> None:
    page = visit(serve(scene).url, java_script_enabled=False).page

    assert page.locator("details.target").count() == 15
    assert page.locator("details.target .plots svg").count() == 60
    assert '<meta http-equiv="refresh"' in page.content()
    assert not page.locator(".actions button").first.is_visible()


def test_buttons_act_for_those_who_know_the_token(
    scene: Scene, serve: Serve, visit: Visits
) -> None:
    shown = visit(serve(scene).url)
    page = shown.page
    page.on("dialog", lambda dialog: dialog.accept())
    target = row(page, "www/web1")
    target.locator("summary").click()
    assert not target.locator(".actions").is_visible()
    page.fill("#token", TOKEN)
    page.click("#token-form button")
    for verb, did in (("pause", "paused"), ("resume", "resumed"), ("resync", "resyncing")):
        target.locator(f'.actions button[data-verb="{verb}"]').click()
        page.wait_for_function(
            """(did) => document.querySelector('[data-key="target:www/web1"] .said')
                .textContent.includes(did)""",
            arg=did,
            timeout=WITHIN_MS,
        )
    # What came of it is not swept away when the page is renewed: once, and then once more, so that
    # the first time is over.
    for _ in range(2):
        with page.expect_response("**/live*"):
            pass
    assert "resyncing" in target.locator(".said").inner_text()

    assert [each.verb for each in scene.asked] == [Verb.PAUSE, Verb.RESUME, Verb.RESYNC]
    assert {(each.source, each.target) for each in scene.asked} == {("www", "web1")}
    assert TOKEN not in page.content()
    assert all(TOKEN not in url for url in shown.requested)


def test_a_wrong_token_does_nothing_and_is_forgotten(
    scene: Scene, serve: Serve, visit: Visits
) -> None:
    shown = visit(serve(scene).url)
    shown.may_complain = True
    page = shown.page
    page.fill("#token", "not the one that is set there")
    page.click("#token-form button")
    target = row(page, "www/web1")
    target.locator("summary").click()
    target.locator('.actions button[data-verb="pause"]').click()
    page.wait_for_function("() => document.querySelector('#token-said').textContent.match(/not/)")

    assert scene.asked == []
    assert not target.locator(".actions").is_visible()
    assert page.evaluate("() => sessionStorage.length") == 0


def test_a_page_of_others_cannot_act_even_with_the_token(
    scene: Scene, serve: Serve, browser: Any, others: str
) -> None:
    site = serve(scene)
    page = browser.new_page()
    page.goto(others)
    said = page.evaluate(
        """async ([url, token]) => {
            const json = {'Content-Type': 'application/json', Authorization: `Bearer ${token}`};
            const said = [];
            for (const how of [
                {mode: 'no-cors', headers: {'Content-Type': 'text/plain'}},
                {mode: 'no-cors', headers: json, credentials: 'include'},
                {mode: 'cors', headers: json},
            ]) {
                try {
                    await fetch(url + 'v1/pause', {method: 'POST', body: '{}', ...how});
                    said.push('sent');
                } catch (error) { said.push('refused'); }
            }
            return said;
        }""",
        [site.url, TOKEN],
    )
    with page.expect_navigation() as navigation:
        page.evaluate(
            """(url) => {
                document.body.innerHTML = '<form method="post" enctype="text/plain"></form>';
                document.forms[0].action = url + 'v1/pause';
                document.forms[0].submit();
            }""",
            site.url,
        )
    answered = navigation.value.status
    page.close()

    assert said == ["refused"] * 3
    # A form gets through to the daemon, but cannot bring a token.
    assert answered == HTTPStatus.UNAUTHORIZED
    assert scene.asked == []


def test_only_trouble_and_its_end_are_read_aloud(scene: Scene, serve: Serve, visit: Visits) -> None:
    for source in scene.current.sources:
        for target in source.targets:
            well = {"state": TargetState.IN_SYNC, "problems": (), "problems_omitted": 0}
            scene.set(source.name, target.target, reason=None, **well)
    scene.current = replace(
        scene.current, sources=tuple(replace(each, halted=None) for each in scene.current.sources)
    )
    page = visit(serve(scene).url).page
    page.evaluate(
        """() => {
            window.told = [];
            const place = document.querySelector('#told');
            new MutationObserver(() => window.told.push(place.textContent))
                .observe(place, {childList: true});
        }"""
    )
    state = "() => document.querySelector('[data-key=\"target:www/web1\"] .state').textContent"
    for known, words in ((TargetState.TRANSFERRING, "transf"), (TargetState.IN_SYNC, "in sync")):
        scene.set("www", "web1", state=known)
        page.wait_for_function(f"{state}.includes('{words}')", timeout=WITHIN_MS)
        # Long enough for what is said a moment later.
        for _ in range(3):
            with page.expect_response("**/live*"):
                pass
    scene.set("www", "web1", state=TargetState.HALTED, reason=MASS_DELETION)
    page.wait_for_function("() => window.told.length === 1", timeout=WITHIN_MS)
    scene.set("www", "web1", state=TargetState.IN_SYNC, reason=None)
    page.wait_for_function("() => window.told.length === 2", timeout=WITHIN_MS)

    assert page.evaluate("() => window.told") == [
        "1 thing needs your decision",
        "Everything is in sync",
    ]
    assert page.locator("#live [aria-live]").count() == 0


def test_it_is_used_by_the_keyboard_alone(scene: Scene, serve: Serve, visit: Visits) -> None:
    page = visit(serve(scene).url).page
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.className") == "skip"
    row(page, "www/web3").locator("summary").focus()
    page.keyboard.press("Enter")

    assert row(page, "www/web3").get_attribute("open") is not None


def test_the_focus_stays_where_it_is_when_something_comes_and_goes_above(
    scene: Scene, serve: Serve, visit: Visits
) -> None:
    scene.current = replace(scene.current, sources=scene.current.sources[:1])
    scene.set("www", "backup", state=TargetState.IN_SYNC, reason=None)
    page = visit(serve(scene).url).page
    row(page, "www/web3").locator("summary").focus()
    scene.set("www", "web1", state=TargetState.HALTED, reason=MASS_DELETION)
    page.wait_for_function("() => document.querySelectorAll('.alarm').length === 1")
    scene.set("www", "web1", state=TargetState.IN_SYNC, reason=None)
    page.wait_for_function("() => document.querySelectorAll('.alarm').length === 0")

    assert page.evaluate(
        """() => document.activeElement.closest('[data-key="target:www/web3"]') !== null"""
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_stands_in_the_way_of_anybody(
    scene: Scene, serve: Serve, visit: Visits, width: int, scheme: str
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = visit(
        serve(scene).url, viewport={"width": width, "height": 800}, color_scheme=scheme
    ).page
    for key in ("www/web2", "www/web3", "www/archive", "media/node1"):
        row(page, key).locator("summary").click()
    found = [
        f"{each['impact']} {each['id']}: {[node['html'][:120] for node in each['nodes']][:3]}"
        for each in axe.Axe().run(page).response["violations"]
    ]

    assert found == []
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width


def test_a_daemon_that_goes_away_is_told(scene: Scene, serve: Serve, visit: Visits) -> None:
    site = serve(scene)
    shown = visit(site.url)
    shown.may_complain = True
    page = shown.page
    site.close()

    page.wait_for_function(
        "() => document.querySelector('#link').textContent.includes('what stands here is old')",
        timeout=WITHIN_MS,
    )
