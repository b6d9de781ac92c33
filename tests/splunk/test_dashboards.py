"""Each search of the app's pages uses existing fields, and quotes its tokens."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.package.conf_reader import read_conf
from tests.package.spl_fields import SPLUNKS_OWN, UnknownField, fields_after
from tests.package.spl_reader import PROJECT, refuse_unknown
from vt_connectors.verdict import WORST_FIRST

from .alerting import Alert, events
from .fake_splunkd import FakeSplunkd
from .searching import CLEAN_IP, EICAR_MD5, Lookup

DEFAULT = PROJECT / "splunk_app/default"
VIEWS = sorted(DEFAULT.glob("data/ui/views/vt_*.xml"))
VERDICTS = ("malicious", "suspicious", "undetected", "unknown")
# $token$, $token|filter$; the time picker's are not put into the search's text.
_TOKEN = re.compile(r"\$([\w.]+)(?:\|(\w))?\$")
_OPEN = "open"
# What a page is given for options that are no hash.
EXAMPLES = {"relationship": "contacted_urls"}


@functools.cache
def _sources() -> dict[str, set[str]]:
    """Filled by the first test that needs them."""
    return {}


@pytest.fixture
def sources(request: pytest.FixtureRequest) -> dict[str, set[str]]:
    """The fields of what the app writes, from the app at work."""
    found = _sources()
    if not found:
        found.update(_read_sources(request.getfixturevalue("keyless"), request.getfixturevalue("splunkd")))
    return found


def _read_sources(keyless: Lookup, splunkd: FakeSplunkd) -> dict[str, set[str]]:
    splunkd.settings = {**splunkd.settings, "verdict_indexes": "main", "quota": "5/day"}
    there: dict[str, Any] = {"session_key": "session-key-of-the-search", "splunkd_uri": splunkd.url}
    Alert("vt_alert_lookup", keyless, splunkd)([{"md5": EICAR_MD5, "ip": CLEAN_IP}], fields="md5, ip")
    keyless([[{"x": EICAR_MD5}, {"x": "no indicator"}, {"x": "10.0.0.1"}]], "ioc=x", **there)
    found = {}
    splunkd.settings = {**splunkd.settings, "comments_allowed": "true"}
    splunkd.users["session-key-of-the-search"] |= {"run_vtlookup_write"}
    for command in (
        'vtcomment value="a value" comment="a value"',
        "vtquota",
        "vtcache stats=true",
        "vtcache limit=5000",
        'vtreport engines=true value="a value"',
        'vtrelated full=true value="a value" relationship="a value"',
    ):
        name, *options = re.findall(r'[\w=]+"[^"]*"|\S+', command)
        given = [option.replace('"a value"', EXAMPLES.get(option.partition("=")[0], EICAR_MD5)) for option in options]
        found[command] = set(keyless.command(name)([], *given, **there).records[0])
    found["vtlookup:log"] = _of_log(keyless)
    found["vtlookup:verdict"] = {*SPLUNKS_OWN, *(name for event in events(splunkd) for name in event)}
    return found


def _of_log(command: Lookup) -> set[str]:
    """Of searches and alerts, with the contents of `errors`, `verdicts` and `skipped` as Splunk flattens them."""
    lines = [json.loads(line) for line in (command.home / "var/log/splunk/vtlookup.log").read_text().splitlines()]
    ended = [line for line in lines if line["event"] in ("search", "alert")]
    assert {line["event"] for line in ended} == {"search", "alert"}
    flat = {name for line in ended for name in _flattened(line)}
    assert {"verdicts.malicious", "errors.invalid_indicator", "skipped.private_address"} <= flat
    return {*flat, *(f"verdicts.{verdict}" for verdict in VERDICTS)}


def _flattened(line: Mapping[str, Any]) -> Iterator[str]:
    for name, value in line.items():
        if isinstance(value, dict):
            yield from (f"{name}.{inner}" for inner in value)
        else:
            yield name


def searches(view: Path) -> list[tuple[str, str | None, str]]:
    """(id, base, query) of each search, tokens and all."""
    found = ElementTree.parse(view).getroot().iter("search")
    return [(each.get("id", ""), each.get("base"), each.findtext("query", "")) for each in found]


def filled(query: str) -> str:
    return _TOKEN.sub('"a value"', query)


@pytest.mark.parametrize("view", VIEWS, ids=lambda path: path.stem)
def test_every_field_of_a_page_is_one_that_the_app_writes(view: Path, sources: dict[str, set[str]]) -> None:
    after: dict[str, frozenset[str]] = {}
    for name, base, query in searches(view):
        refuse_unknown(filled(query))
        fields = fields_after(filled(query), sources, after[base] if base else ())
        assert fields
        if name:
            after[name] = fields


@pytest.mark.parametrize("view", VIEWS, ids=lambda path: path.stem)
def test_what_a_page_is_given_is_quoted_wherever_it_goes(view: Path) -> None:
    root = ElementTree.parse(view).getroot()
    assert (root.tag, root.attrib) == ("form", {"version": "1.1"})
    for element in root.iter():
        for filter_ in unquoted(element.tag, element.text or ""):
            pytest.fail(f"{filter_} in {element.tag} of {view.name}")
        for name, text in element.attrib.items():
            for filter_ in unquoted(name, text):
                pytest.fail(f"{filter_} in {name} of {view.name}")


def unquoted(place: str, text: str) -> list[str]:
    """The tokens that what an attacker put into an event could get out of. Time tokens come from Splunk's picker."""
    needed = {"query": "s", "link": "u", "href": "u"}
    if place in ("earliest", "latest", "depends"):
        return []
    return [match[0] for match in _TOKEN.finditer(text) if match[2] != needed.get(place, "h")]


@pytest.mark.parametrize(
    ("search", "what"),
    [
        ("| vtquota | table windows", "windows"),
        ("| vtquota | where lefty < 1", "lefty"),
        ("| vtquota | stats sum(usd) AS used", "usd"),
        ("| vtquota | stats sum(used) AS used | table left", "left"),
        ("| vtquota | fields - lmit", "lmit"),
        ("| vtquota | eval a=b+1", "b"),
        ("| vtquota | sort -lef", "lef"),
        ("| vtquota | rename a AS b", "a"),
        ("| vtquota | timechart sum(used) by windo", "windo"),
        ("| vtcache limit=5000 | search verdikt=malicious", "verdikt"),
        ('index=main sourcetype=vtlookup:verdict verdict IN ("malicious")', "verdict"),
        ("index=_internal sourcetype=vtlookup:log | stats sum(error.*) AS *", "error"),
    ],
)
def test_a_field_that_nothing_gives_would_be_found(search: str, what: str, sources: dict[str, set[str]]) -> None:
    with pytest.raises(UnknownField, match=rf"^{re.escape(what)}"):
        fields_after(search, sources)


def test_fields_are_followed_through_a_search(sources: dict[str, set[str]]) -> None:
    assert fields_after("| vtquota | stats sum(used) AS a, count by window | eval b=a*2 | fields - count", sources) == {
        *("a", "b", "window")
    }
    log = "index=_internal sourcetype=vtlookup:log | stats sum(errors.*) AS *"
    assert fields_after(log, sources) == {"invalid_indicator"}


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("query", "| vtreport value=$value$"),
        ("query", "| vtreport value=$value|u$"),
        ("link", "/app/vtlookup/vt_report?form.value=$row.indicator$"),
        ("href", "https://www.virustotal.com/gui/search/$value|s$"),
        ("title", "$value$"),
    ],
)
def test_a_token_that_is_not_quoted_would_be_found(place: str, text: str) -> None:
    assert unquoted(place, text)


@pytest.mark.parametrize("view", VIEWS, ids=lambda path: path.stem)
def test_a_page_is_light_or_dark_as_splunk_has_it(view: Path) -> None:
    text = view.read_text("utf-8")
    assert not re.search(r"#[0-9a-fA-F]{3,8}\b|0x[0-9a-fA-F]{6}|rgba?\(|\btheme=|\bstyle=|stylesheet=", text)


def test_the_menu_has_every_page_and_none_that_is_not_there() -> None:
    nav = ElementTree.parse(DEFAULT / "data/ui/nav/default.xml").getroot()
    names = [str(view.get("name")) for view in nav.iter("view")]
    ours = {path.stem for path in DEFAULT.glob("data/ui/views/*.xml")}
    assert set(names) - {"search", "reports"} == ours
    assert [str(view.get("name")) for view in nav.iter("view") if view.get("default") == "true"] == ["vt_overview"]


def test_a_row_of_the_overview_opens_the_indicators_page_with_its_value() -> None:
    overview = ElementTree.parse(DEFAULT / "data/ui/views/vt_overview.xml").getroot()
    links = [element.text or "" for element in overview.iter("link")]
    assert links == ["/app/vtlookup/vt_report?form.value=$row.indicator|u$"]
    inputs = ElementTree.parse(DEFAULT / "data/ui/views/vt_report.xml").getroot().iter("input")
    assert "value" in {element.get("token") for element in inputs}


def test_scheduled_searches_are_taken() -> None:
    for settings in read_conf(DEFAULT / "savedsearches.conf").values():
        refuse_unknown(settings["search"])


def test_every_verdict_there_is_has_its_part_in_the_overview() -> None:
    overview = (DEFAULT / "data/ui/views/vt_overview.xml").read_text("utf-8")
    assert set(re.findall(r"verdicts\.(\w+)\)", overview)) == set(VERDICTS) == set(WORST_FIRST)
