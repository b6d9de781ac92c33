"""The fields of the setup page in a real browser, all on one page that was loaded once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from vt_connectors.sandbox import Quota, SandboxServer

from .browser import Browser
from .endpoint_harness import KEY
from .fake_endpoints import FakeEndpoints
from .fake_splunk_web import FakeSplunkWeb
from .fake_splunkd import EVERYTHING, SESSION, FakeSplunkd
from .setup_form import SAVED, SETTINGS, opened, save

_FIELDS = "[...document.querySelectorAll('#vtlookup-setup :is(input, textarea):not([type=radio])')]"
# What the last test left would look like the answer to the next one.
_AS_BEFORE = f"""
{_FIELDS}.forEach((field, at) => {{ field.value = arguments[0][at]; }});
document.querySelectorAll('#vtlookup-message, [id$=-error]').forEach((told) => {{ told.textContent = ''; }});
document.activeElement.blur();
"""


@pytest.fixture(scope="module")
def splunkd(app: Path, any_python: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeSplunkd]:
    """One that keeps the key, with an admin's session."""
    home = tmp_path_factory.mktemp("setup")
    (home / "var/log/splunk").mkdir(parents=True)
    with SandboxServer(Quota.unlimited()) as virustotal:
        endpoints = FakeEndpoints(app, any_python, {"SPLUNK_HOME": str(home)})
        settings = {"api_url": virustotal.url, "never_query": "corp.example", **SETTINGS}
        with FakeSplunkd(KEY, settings, users={SESSION: EVERYTHING}, endpoints=endpoints) as running:
            yield running


@pytest.fixture(scope="module")
def _loaded(app: Path, chromium: Browser, splunkd: FakeSplunkd) -> Iterator[Browser]:
    with FakeSplunkWeb(app, splunkd) as web:
        yield opened(chromium, web)


@pytest.fixture
def page(_loaded: Browser) -> Iterator[Browser]:
    """The page; what a test writes into its fields does not stay."""
    values = _loaded.script(f"return {_FIELDS}.map((field) => field.value)")
    yield _loaded
    _loaded.script(_AS_BEFORE, values)


@pytest.mark.parametrize(
    ("field", "bad"),
    [
        ("cache_ttl", "soon"),
        ("cache_ttl", "24y"),
        ("cache_ttl", "99999w"),
        ("cache_ttl_not_found", "-1"),
        ("cache_size_mb", "0"),
        ("malicious_threshold", "1.5"),
        ("suspicious_threshold", "0"),
        ("thresholds", "url=1"),
        ("proxy", "http://name:password@proxy.example.com"),
        ("proxy", "proxy.example.com"),
        ("ca_bundle", "ca.pem"),
        ("never_query", "<script>alert(1)</script>"),
        ("api_key", "with blanks in it"),
        ("verdict_indexes", "_internal"),
    ],
)
def test_the_page_refuses_bad_values_where_they_stand(
    page: Browser, splunkd: FakeSplunkd, field: str, bad: str
) -> None:
    before = dict(splunkd.settings)
    page.write(f"#vtlookup-{field}", bad)
    asked = len(splunkd.asked)
    assert save(page) == "Nothing was saved. Correct the marked fields."
    assert page.text(f"#vtlookup-{field}-error") != ""
    assert page.script("return document.activeElement.name") == field
    assert len(splunkd.asked) == asked
    assert (splunkd.settings, splunkd.password) == (before, KEY)


@pytest.mark.parametrize("time", ["24h", "1.5d", "2W", "0", "90s"])
def test_times_may_have_a_unit(page: Browser, splunkd: FakeSplunkd, time: str) -> None:
    page.write("#vtlookup-cache_ttl", time)
    assert save(page) == SAVED
    assert splunkd.settings["cache_ttl"] == page.value("#vtlookup-cache_ttl") == time


@pytest.mark.parametrize(
    ("field", "bad", "reported"),
    [
        ("never_query", "not..a.name", "not..a.name"),
        ("ca_bundle", "/no/such/file.pem", "absolute path of a file that splunkd can read"),
    ],
)
def test_what_only_the_server_can_see_is_reported_at_the_field_too(
    page: Browser, splunkd: FakeSplunkd, field: str, bad: str, reported: str
) -> None:
    before = dict(splunkd.settings)
    page.write(f"#vtlookup-{field}", bad)
    assert save(page) == "nothing was stored: some settings are not valid"
    assert reported in page.text(f"#vtlookup-{field}-error")
    assert splunkd.settings == before


def test_every_field_has_its_name(page: Browser) -> None:
    unnamed = "return [...document.querySelectorAll('#vtlookup-setup :is(input,select,textarea)')]"
    assert page.script(f"{unnamed}.filter(field => !field.labels.length).map(field => field.id)") == []


def test_the_page_tells_where_a_key_comes_from(page: Browser) -> None:
    link = "return document.querySelector('.vtlookup-row:has(#vtlookup-api_key) a')"
    assert page.script(f"{link}.href") == "https://www.virustotal.com/gui/my-apikey"
    assert page.script(f"{link}.rel") == "noopener noreferrer"


def test_the_public_apis_terms_are_next_to_the_kind_of_key(page: Browser) -> None:
    row = page.text(".vtlookup-row:has(#vtlookup-tier-public)")
    assert "4 requests a minute, 500 a day, 15,500 a month" in row
    assert "must not be used in commercial products, services or business workflows" in row
    link = page.script("return document.querySelector('.vtlookup-row:has(#vtlookup-tier-public) a').href")
    assert link == "https://docs.virustotal.com/reference/public-vs-premium-api"
