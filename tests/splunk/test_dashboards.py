"""Each search of the app's pages in Simple XML uses existing fields, and quotes its tokens."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.package.conf_reader import read_conf
from tests.package.spl_fields import UnknownField, fields_after
from tests.package.spl_reader import PROJECT, refuse_unknown
from vt_connectors.verdict import WORST_FIRST

from .page_fields import VERDICTS
from .page_fields import sources as sources

DEFAULT = PROJECT / "splunk_app/default"
# Those in Simple XML; `test_studio_definitions` has the others.
VIEWS = [path for path in sorted(DEFAULT.glob("data/ui/views/vt_*.xml")) if "<form" in path.read_text("utf-8")]
# $token$, $token|filter$; the time picker's are not put into the search's text.
_TOKEN = re.compile(r"\$([\w.]+)(?:\|(\w))?\$")


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
    overview = ElementTree.parse(DEFAULT / "data/ui/views/vt_overview_classic.xml").getroot()
    links = [element.text or "" for element in overview.iter("link")]
    assert links == ["/app/vtlookup/vt_report?form.value=$row.indicator|u$"]
    inputs = ElementTree.parse(DEFAULT / "data/ui/views/vt_report_classic.xml").getroot().iter("input")
    assert "value" in {element.get("token") for element in inputs}


def test_scheduled_searches_are_taken() -> None:
    for settings in read_conf(DEFAULT / "savedsearches.conf").values():
        refuse_unknown(settings["search"])


@pytest.mark.parametrize("name", ["vt_overview", "vt_overview_classic"])
def test_every_verdict_there_is_has_its_part_in_the_overview(name: str) -> None:
    overview = (DEFAULT / f"data/ui/views/{name}.xml").read_text("utf-8")
    assert set(re.findall(r"verdicts\.(\w+)\)", overview)) == set(VERDICTS) == set(WORST_FIRST)
