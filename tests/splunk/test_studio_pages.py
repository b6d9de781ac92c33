"""The app's pages, drawn and run by Splunk's own renderer, with the packaged commands and the sandbox behind them."""

from __future__ import annotations

import copy
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from package.spl.build_error import BuildError
from package.splunk_renderer.bundle import bundle
from tests.package.spl_reader import commands
from vt_connectors.sandbox import Quota, SandboxServer

from .browser import Browser
from .endpoint_harness import ANALYST, KEY
from .fake_endpoints import FakeEndpoints
from .fake_splunkd import SESSION, FakeSplunkd
from .forked_app import ForkedApp
from .searching import EICAR_MD5, Lookup, md5
from .studio import checks
from .studio.day import a_day
from .studio.drawing import PAGES, Drawing, definitions
from .studio.pipeline import plain
from .studio.web import StudioWeb

pytestmark = pytest.mark.once
HOSTILE = '" | delete | search x="$time.earliest$ [search `x`] \\ <img src=x onerror=alert(1)> \u2028'
LINK = f"form.value={quote(HOSTILE)}&form.relationship={quote(HOSTILE)}"
CODES = "".join(f"&form.{name}={quote(HOSTILE)}" for name in ("confirm", "confirm_techniques", "confirm_related"))
# A file that sandboxes have run.
RUN = "2e11eeab4b8d336deb51498c1e05966e"
VALUE = f"form.value={EICAR_MD5}"


@pytest.fixture(scope="module")
def virustotal() -> Iterator[SandboxServer]:
    with SandboxServer(Quota.unlimited()) as server:
        yield server


@pytest.fixture(scope="module")
def command(app: Path, any_python: str, tmp_path_factory: pytest.TempPathFactory) -> Lookup:
    """The app without a key of its own."""
    home = tmp_path_factory.mktemp("studio")
    (home / "var/log/splunk").mkdir(parents=True)
    return Lookup(app, home, any_python, {}, forked=ForkedApp(app))


@pytest.fixture(scope="module")
def splunk(command: Lookup, virustotal: SandboxServer) -> Iterator[FakeSplunkd]:
    """splunkd with the key, and an analyst who may look up."""
    endpoints = FakeEndpoints(command.app, command.python, command.process_environment)
    settings = {"api_url": virustotal.url, "quota": "500/day, 15500/month", "verdict_indexes": "main"}
    with FakeSplunkd(KEY, settings, users={SESSION: ANALYST}, endpoints=endpoints) as running:
        yield running


@pytest.fixture(scope="module")
def drawing(command: Lookup, splunk: FakeSplunkd, chromium: Browser) -> Iterator[Drawing]:
    try:
        renderer = bundle()
    except BuildError as error:
        pytest.skip(f"Splunk's renderer is not here: {error}")
    with StudioWeb(renderer, a_day(command, splunk, 6), definitions()) as web:
        yield Drawing(web, chromium)


@pytest.fixture(scope="module")
def schema(drawing: Drawing) -> Any:
    drawing.open("vt_overview", VALUE)
    return drawing.schema()


def panels(page: str) -> list[str]:
    """Those that show the results of a search."""
    return [name for name, panel in definitions()[page]["visualizations"].items() if "dataSources" in panel]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_panel_of_a_page_shows_something(page: str, theme: str, drawing: Drawing) -> None:
    drawing.open(page, VALUE, theme)
    drawing.filled(*panels(page))
    assert drawing.complaints() == []
    assert drawing.web.asked == []


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_one_that_the_renderer_accepts(page: str, schema: Any) -> None:
    assert [*checks.valid(definitions()[page], schema), *checks.options(definitions()[page], schema)] == []


def _panel(name: str, **changes: Any) -> Callable[[Any], None]:
    return lambda page: page["visualizations"][name].update(changes)


def _options(name: str, **changes: Any) -> Callable[[Any], None]:
    return lambda page: page["visualizations"][name]["options"].update(changes)


FAULTS: dict[str, tuple[str, Callable[[Any], None], str]] = {
    "an unknown panel": ("valid", _panel("viz_worst", type="splunk.tabel"), "viz_worst"),
    "an unknown data source": (
        "valid",
        lambda page: page["dataSources"]["ds_quota"].update(type="ds.serch"),
        "dataSources/ds_quota",
    ),
    "an unknown input": ("valid", lambda page: page["inputs"]["input_time"].update(type="input.tiem"), "input_time"),
    "a word that is none of an option's": (
        "valid",
        _options("viz_flow", stackMode="staked"),
        "viz_flow/options/stackMode",
    ),
    "a colour that is none": ("valid", _options("viz_left", majorColor="#GG0000"), "viz_left/options/majorColor"),
    "a colour of rows that is a text": (
        "valid",
        _options("viz_worst", columnFormat={"verdict": {"rowColors": "red"}}),
        "viz_worst/options/columnFormat/verdict/rowColors",
    ),
    "a parameter of a search that is misspelt": (
        "valid",
        lambda page: page["dataSources"]["ds_log"]["options"].update(queryParameters={"erliest": "-1d"}),
        "ds_log/options/queryParameters",
    ),
    "an option that is misspelt": ("options", _options("viz_flow", stakMode="stacked"), "unknown option stakMode"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found_by_the_renderers_schema(fault: str, schema: Any) -> None:
    checker, change, told = FAULTS[fault]
    page = copy.deepcopy(definitions()["vt_overview"])
    change(page)
    assert told in "\n".join(getattr(checks, checker)(page, schema))


def test_the_renderer_complains_about_a_planted_fault(drawing: Drawing) -> None:
    page = copy.deepcopy(definitions()["vt_overview"])
    page["visualizations"]["viz_worst"]["type"] = "splunk.tabel"
    drawing.web.definitions["planted"] = page
    drawing.open("planted", VALUE)
    drawing.browser.until("window.complaints.length")
    assert "viz_worst/type" in "".join(drawing.complaints())


def test_a_value_reaches_the_search_as_one_text(drawing: Drawing) -> None:
    began = len(drawing.web.dispatched)
    drawing.open("vt_report", LINK + CODES)
    wait_until(lambda: any("vtreport" in search for search in drawing.web.dispatched[began:]))
    [search] = [search for search in drawing.web.dispatched[began:] if "vtreport" in search]
    [(_, arguments)] = commands(search)
    assert plain(arguments.split("value=")[1].rpartition(" confirm=")[0]) == HOSTILE


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("query", [LINK + CODES, VALUE + CODES], ids=["hostile", "an indicator"])
def test_a_link_spends_no_quota_whatever_it_sets(
    page: str, query: str, drawing: Drawing, virustotal: SandboxServer
) -> None:
    before, began = len(virustotal.requests), len(drawing.web.dispatched)
    drawing.open(page, query)
    expected = {"vt_overview": 4, "vt_report": 3, "vt_details": 3}[page]
    wait_until(lambda: len(drawing.web.dispatched) >= began + expected)
    wait_until(drawing.web.is_idle)
    assert len(virustotal.requests) == before
    for search in drawing.web.dispatched[began:]:
        assert [name for name, _ in commands(search) if name in ("delete", "vtcomment", "collect")] == []


def test_a_click_asks_once_and_shows_the_answer(drawing: Drawing, virustotal: SandboxServer) -> None:
    drawing.open("vt_report", f"form.value={md5(90_001)}")
    drawing.shows("viz_verdict", "not in the cache")
    drawing.shows("viz_ask", "Ask VirusTotal")
    before = len(virustotal.requests)
    drawing.click("viz_ask")
    drawing.shows("viz_ask", "In the cache")
    drawing.shows("viz_engines", "Engine 01")
    assert len(virustotal.requests) == before + 1


@pytest.mark.parametrize(
    ("ask", "panel", "told"),
    [("viz_ask_techniques", "viz_techniques", "T1"), ("viz_ask_related", "viz_objects", "domain")],
)
def test_a_click_asks_for_more_about_a_file(
    ask: str, panel: str, told: str, drawing: Drawing, virustotal: SandboxServer
) -> None:
    drawing.open("vt_details", f"form.value={RUN}")
    drawing.shows(ask, "Ask VirusTotal")
    before = len(virustotal.requests)
    drawing.click(ask)
    drawing.shows(panel, told)
    assert len(virustotal.requests) == before + 1


def test_times_among_the_further_facts_are_dates(drawing: Drawing) -> None:
    drawing.open("vt_details", f"form.value={RUN}")
    drawing.filled("viz_ask_report")
    if "Ask" in drawing.text("viz_ask_report"):
        drawing.click("viz_ask_report")
    drawing.shows("viz_context", "last submitted")
    [told] = re.findall(r"last submitted\s+(.+)", drawing.text("viz_context"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", told.strip())


def test_a_row_opens_the_page_of_its_indicator(drawing: Drawing) -> None:
    drawing.open("vt_overview", VALUE)
    drawing.filled("viz_worst")
    drawing.browser.script("window.open = (address) => { window.opened = address; }")
    drawing.click("viz_worst")
    drawing.browser.until("window.opened")
    address = drawing.browser.script("return window.opened")
    worst = drawing.browser.text("[data-id=viz_worst] [data-test=cell]")
    assert address == f"/app/vtlookup/vt_report?form.value={worst}"


def test_a_user_without_the_right_is_told_which_one(drawing: Drawing, splunk: FakeSplunkd) -> None:
    splunk.users[SESSION] = frozenset()
    try:
        drawing.open("vt_report", f"form.value={md5(90_002)}")
        drawing.shows("viz_ask", "Ask VirusTotal")
        drawing.click("viz_ask")
        drawing.shows("viz_verdict", "error")
        drawing.shows("viz_facts", "run_vtlookup")
    finally:
        splunk.users[SESSION] = ANALYST


def test_a_page_without_an_indicator_says_what_to_do(drawing: Drawing) -> None:
    began = len(drawing.web.dispatched)
    drawing.open("vt_report")
    drawing.shows("viz_links", "Enter a hash, URL, domain or IP address")
    assert [search for search in drawing.web.dispatched[began:] if "vtreport" in search] == []
    assert "Set token value" not in drawing.browser.text("body")


def wait_until(holds: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 150
    while not holds():
        assert time.monotonic() < give_up
        time.sleep(0.05)
