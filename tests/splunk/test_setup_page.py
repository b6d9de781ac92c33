"""The setup page in a real browser: what an admin sees, types and reads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from vt_connectors.sandbox import SandboxServer
from vt_connectors.sandbox.accounts import key_digest

from .browser import DOWN, ENTER, SPACE, TAB, Browser
from .endpoint_harness import KEY
from .fake_splunk_web import FakeSplunkWeb
from .fake_splunkd import EVERYTHING, SESSION, FakeSplunkd
from .setup_form import SAVED, SETTINGS, message, opened, save

SCREENSHOTS = Path(__file__).resolve().parents[2] / "build/screenshots"
NEW_KEY = "another-key-for-splunk"


@pytest.fixture
def web(app: Path, splunkd: FakeSplunkd) -> Iterator[FakeSplunkWeb]:
    splunkd.users[SESSION] = EVERYTHING
    splunkd.settings = {**splunkd.settings, **SETTINGS}
    with FakeSplunkWeb(app, splunkd) as running:
        yield running


@pytest.fixture
def page(chromium: Browser, web: FakeSplunkWeb) -> Browser:
    """The page, with the settings in it."""
    return opened(chromium, web)


def findings(page: Browser) -> dict[str, str]:
    page.click("#vtlookup-test")
    page.until("document.querySelectorAll('#vtlookup-findings li').length === 5")
    steps = ("settings", "network", "certificate", "key", "quota")
    mark = "document.querySelector(`[data-step=${step}] .vtlookup-mark`).textContent"
    return dict(zip(steps, page.script(f"return arguments[0].map((step) => {mark})", steps)))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_settings_are_shown_and_the_key_is_not(chromium: Browser, web: FakeSplunkWeb, theme: str) -> None:
    web.theme = theme
    page = opened(chromium, web)
    assert page.value("#vtlookup-cache_ttl") == "86400"
    assert page.value("#vtlookup-never_query") == "corp.example"
    assert page.value("#vtlookup-verdict_by") == "gti"
    assert page.script("return document.getElementById('vtlookup-tier-public').checked")
    assert page.value("#vtlookup-api_key") == ""
    assert "A key is stored" in page.script("return document.getElementById('vtlookup-api_key').placeholder")
    assert KEY not in page.script("return document.documentElement.outerHTML")
    assert page.script("return document.getElementById('vtlookup-setup').dataset.theme") == theme
    assert page.complaints() == []
    assert web.refused == []
    findings(page)
    page.screenshot(SCREENSHOTS / f"setup-{theme}.png")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_all_texts_stand_out_from_what_is_behind_them(chromium: Browser, web: FakeSplunkWeb, theme: str) -> None:
    web.theme = theme
    page = opened(chromium, web)
    page.write("#vtlookup-cache_ttl", "soon")
    save(page)
    assert page.script(_CONTRASTS) == []


def test_what_is_changed_is_stored_and_shown_again(page: Browser, splunkd: FakeSplunkd) -> None:
    page.click("#vtlookup-tier-premium")
    page.write("#vtlookup-quota", "1000/minute, 30000/day")
    page.write("#vtlookup-never_query", "corp.example\n192.88.99.0/24")
    page.write("#vtlookup-malicious_threshold", "5")
    page.write("#vtlookup-proxy", "http://proxy.example.com:3128")
    page.write("#vtlookup-verdict_indexes", "threat, main")
    page.click("#vtlookup-comments_allowed option[value=true]")
    page.click("#vtlookup-writes_allowed option[value=true]")
    page.write("#vtlookup-api_key", NEW_KEY)
    assert save(page) == SAVED
    assert splunkd.settings["verdict_indexes"] == "threat, main"
    assert splunkd.settings["comments_allowed"] == page.value("#vtlookup-comments_allowed") == "true"
    assert splunkd.settings["writes_allowed"] == page.value("#vtlookup-writes_allowed") == "true"
    assert splunkd.settings["quota"] == "1000/minute, 30000/day"
    assert splunkd.settings["never_query"] == "corp.example, 192.88.99.0/24"
    assert splunkd.settings["malicious_threshold"] == "5"
    assert splunkd.settings["proxy"] == "http://proxy.example.com:3128"
    assert splunkd.password == NEW_KEY
    assert "apps/local/vtlookup" in splunkd.asked
    assert page.value("#vtlookup-api_key") == ""
    assert NEW_KEY not in page.script("return document.documentElement.outerHTML")
    assert page.complaints() == []


def test_an_empty_key_field_leaves_the_stored_key_alone(page: Browser, splunkd: FakeSplunkd) -> None:
    assert save(page) == SAVED
    assert splunkd.password == KEY
    assert not any(path == "storage/passwords" for path in splunkd.asked)


def test_what_comes_from_outside_is_text_and_nothing_else(
    chromium: Browser, web: FakeSplunkWeb, splunkd: FakeSplunkd
) -> None:
    evil = "<img src=x onerror=document.title='broken'>"
    splunkd.settings = {**splunkd.settings, "proxy": evil, "never_query": evil, "quota": evil}
    page = opened(chromium, web)
    assert page.value("#vtlookup-proxy") == evil
    assert findings(page)["settings"] == "wrong"
    assert evil.split()[0] in page.text("[data-step=settings]")
    assert page.script("return document.querySelectorAll('img').length") == 0
    assert page.complaints() == []


def test_the_account_tells_what_it_allows(page: Browser, splunkd: FakeSplunkd, sandbox: SandboxServer) -> None:
    page.click("#vtlookup-measure")
    page.until("document.getElementById('vtlookup-message').textContent.startsWith('The account allows')")
    reported = message(page)
    assert page.value("#vtlookup-quota") in reported
    assert {request.key for request in sandbox.all_requests} == {key_digest(KEY)}


def test_the_test_names_nothing_where_all_is_well(page: Browser) -> None:
    assert set(findings(page).values()) == {"ok"}
    assert message(page) == "VirusTotal responds and accepts the key."


def test_the_test_names_the_key(page: Browser, splunkd: FakeSplunkd) -> None:
    splunkd.password = "wrong-key"
    assert findings(page) == {
        "settings": "ok",
        "network": "ok",
        "certificate": "ok",
        "key": "wrong",
        "quota": "not tested",
    }
    assert "wrong-key" not in page.script("return document.documentElement.outerHTML")


def test_what_is_not_saved_is_not_tested(page: Browser, sandbox: SandboxServer) -> None:
    page.write("#vtlookup-api_key", NEW_KEY)
    page.click("#vtlookup-test")
    assert message(page) == "Save first: the test uses the stored settings."
    assert sandbox.all_requests == []


def test_it_is_done_by_keyboard_alone(page: Browser, splunkd: FakeSplunkd) -> None:
    page.script("document.getElementById('vtlookup-api_key').focus()")
    page.press(*NEW_KEY, TAB, TAB, DOWN, DOWN, TAB, TAB)
    assert page.script("return document.activeElement.id") == "vtlookup-quota"
    page.press(TAB)
    assert page.script("return document.activeElement.id") == "vtlookup-measure"
    for _ in range(30):
        if page.script("return document.activeElement.id") == "vtlookup-save":
            break
        page.press(TAB)
    page.press(SPACE)
    page.until("document.getElementById('vtlookup-message').textContent.startsWith('Saved')")
    assert splunkd.password == NEW_KEY
    page.script("document.getElementById('vtlookup-cache_ttl').focus()")
    page.write("#vtlookup-cache_ttl", "3600")
    page.press(ENTER)
    page.until("document.getElementById('vtlookup-message').textContent.startsWith('Saved')")
    assert splunkd.settings["cache_ttl"] == "3600"


def test_only_places_that_the_app_can_use_are_offered(page: Browser, splunkd: FakeSplunkd) -> None:
    places = "return [...document.querySelectorAll('#vtlookup-place option')].map(option => option.value)"
    assert page.script(places) == ["file", "path", "kvstore"]
    page.click("#vtlookup-place option[value=kvstore]")
    assert save(page) == SAVED
    assert splunkd.settings["state"] == page.value("#vtlookup-place") == "kvstore"


@pytest.mark.parametrize("state", ["rediss://redis.example.com:6379/0", "state.db"])
def test_a_place_that_the_app_cannot_use_is_shown_and_refused(
    state: str, chromium: Browser, web: FakeSplunkWeb, splunkd: FakeSplunkd
) -> None:
    splunkd.settings = {**splunkd.settings, "state": state}
    page = opened(chromium, web)
    assert (page.value("#vtlookup-place"), page.value("#vtlookup-state")) == ("path", state)
    assert save(page) == "Nothing was saved. Correct the marked fields."
    assert page.text("#vtlookup-state-error") == "Write the absolute path of a file."
    page.click("#vtlookup-place option[value=file]")
    assert save(page) == SAVED
    assert splunkd.settings["state"] == ""


def test_a_file_must_be_named_if_a_file_is_chosen(page: Browser, splunkd: FakeSplunkd) -> None:
    page.click("#vtlookup-place option[value=path]")
    assert save(page) == "Nothing was saved. Correct the marked fields."
    assert page.text("#vtlookup-state-error") == "Write the absolute path of a file."


def test_users_without_the_setup_right_see_a_message(
    chromium: Browser, web: FakeSplunkWeb, splunkd: FakeSplunkd
) -> None:
    splunkd.users[SESSION] = frozenset(("run_vtlookup",))
    chromium.open(web.view("setup"))
    chromium.until("document.querySelector('#vtlookup-setup [role=alert]')")
    assert "capability vtlookup_admin" in chromium.text("#vtlookup-setup")


# Texts, with less contrast than 4.5 to what is behind them (WCAG 2, AA).
_CONTRASTS = """
const parts = color => color.match(/[\\d.]+/g).map(Number);
const light = color => parts(color).slice(0, 3).map(part => part / 255)
    .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
const behind = element => {
    for (let each = element; each; each = each.parentElement) {
        const color = getComputedStyle(each).backgroundColor;
        if (parts(color).length === 3 || parts(color)[3] > 0.5) return color;
    }
};
return [...document.querySelectorAll('#vtlookup-setup *')]
    .filter(element => !element.disabled && element.type !== 'radio')
    .filter(element => element.value || [...element.childNodes].some(node => node.nodeType === 3))
    .filter(element => {
        const [one, other] = [light(getComputedStyle(element).color), light(behind(element))];
        return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05) < 4.5;
    })
    .map(element => element.outerHTML.slice(0, 100));
"""
