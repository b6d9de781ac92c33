"""The definitions of the app's Dashboard Studio pages, checked without a browser; each check finds a planted fault."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from tests.package.spl_reader import PROJECT

from .page_fields import sources as sources
from .studio import checks

VIEWS = PROJECT / "splunk_app/default/data/ui/views"
PAGES = ("vt_overview", "vt_report", "vt_details")
Change = Callable[[Any], Any]
Sources = dict[str, set[str]]


def definition(name: str) -> Any:
    found, complaints = checks.read((VIEWS / f"{name}.xml").read_text("utf-8"))
    assert complaints == []
    return found


def complaints(checker: str, changed: Any, sources: Sources) -> list[str]:
    found: Iterable[str] = checks.fields(changed, sources) if checker == "fields" else getattr(checks, checker)(changed)
    return list(found)


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("checker", ["layout", "references", "spl", "tokens", "fields"])
def test_a_page_has_no_fault(name: str, checker: str, sources: Sources) -> None:
    assert complaints(checker, definition(name), sources) == []


def _query(name: str, query: str) -> Change:
    return lambda page: page["dataSources"][name]["options"].update(query=query)


def _option(panel: str, **options: Any) -> Change:
    return lambda page: page["visualizations"][panel]["options"].update(options)


def _cells(expression: str) -> Change:
    return _option("viz_worst", columnFormat={"verdict": {"rowColors": expression}})


FAULTS: dict[str, tuple[str, Change, str]] = {
    "the layout names a missing panel": (
        "layout",
        lambda page: page["layout"]["structure"][0].update(item="viz_nothing"),
        "viz_nothing, which does not exist",
    ),
    "a panel in no layout": ("layout", lambda page: page["layout"]["structure"].pop(0), "in the layout 0 times"),
    "panels that overlap": (
        "layout",
        lambda page: page["layout"]["structure"][1]["position"].update(x=0),
        "viz_found and viz_state overlap",
    ),
    "a layout with tabs": ("layout", lambda page: page["layout"].update(tabs={}), "not of the old form"),
    "a data source without a query": (
        "references",
        lambda page: page["dataSources"]["ds_quota"]["options"].pop("query"),
        "ds_quota has no query",
    ),
    "a chain that extends nothing": (
        "references",
        lambda page: page["dataSources"]["ds_ratio"]["options"].update(extend="ds_nothing"),
        "ds_ratio extends ds_nothing",
    ),
    "a panel that shows nothing": (
        "references",
        lambda page: page["visualizations"]["viz_ratio"]["dataSources"].update(primary="ds_nothing"),
        "viz_ratio shows ds_nothing",
    ),
    "an unknown event handler": (
        "references",
        lambda page: page["visualizations"]["viz_worst"]["eventHandlers"][0].update(type="drilldown.nothing"),
        "unknown event handler drilldown.nothing",
    ),
    "an unknown context": (
        "references",
        _cells('> table | seriesByName("verdict") | matchValue(nope)'),
        "the context nope",
    ),
    "a field that no search has": (
        "fields",
        _cells('> table | seriesByName("verdikt") | matchValue(verdicts)'),
        "the field verdikt",
    ),
    "a search for a field that nothing writes": ("fields", _query("ds_pending", "table pendng"), "ds_pending: pendng"),
    "a search that deletes": ("spl", _query("ds_quota", "| vtquota | delete"), "'delete'"),
    "a search that writes": ("spl", _query("ds_quota", "| vtquota | collect index=main"), "runs the command collect"),
    "a search that sends": ("spl", _query("ds_quota", "| vtquota | sendalert x"), "runs the command sendalert"),
    "a search that comments": (
        "spl",
        _query("ds_quota", '| vtcomment value="a" comment="b" confirm=$confirm|s$'),
        "runs the command vtcomment",
    ),
    "a search that spends quota": ("spl", _query("ds_quota", "| vtreport value=$value|s$"), "without confirm="),
    "a subsearch": ("spl", _query("ds_quota", "| vtquota | search [| delete]"), "subsearch"),
    "a token that is not quoted": ("tokens", _query("ds_quota", "| vtquota | search $value$"), "$value$ is not"),
    "a token that is not encoded": (
        "tokens",
        lambda page: page["visualizations"]["viz_worst"]["eventHandlers"][0]["options"].update(
            url="/x?$row.a.value|s$"
        ),
        "is not filtered by |u",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(fault: str, sources: Sources) -> None:
    checker, change, told = FAULTS[fault]
    changed = copy.deepcopy(definition("vt_overview"))
    change(changed)
    assert told in "\n".join(complaints(checker, changed, sources))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('version="2"', 'version="2.0"', "version '2.0' is not '2'"),
        ('"visualizations": {', '"visualizations" {', "invalid JSON"),
        ("<definition>", "<definition ", "not a Dashboard Studio dashboard"),
    ],
)
def test_a_fault_of_the_file_is_found(old: str, new: str, told: str) -> None:
    text = (VIEWS / "vt_overview.xml").read_text("utf-8")
    assert old in text
    _, found = checks.read(text.replace(old, new))
    assert told in "\n".join(found)


def test_a_row_of_the_overview_opens_the_indicators_page() -> None:
    [handler] = definition("vt_overview")["visualizations"]["viz_worst"]["eventHandlers"]
    assert handler["options"]["url"] == "/app/vtlookup/vt_report?form.value=$row.indicator.value|u$"
    assert definition("vt_report")["inputs"]["input_value"]["options"]["token"] == "value"


@pytest.mark.parametrize("name", PAGES)
def test_a_coloured_field_has_a_colour_for_each_text(name: str) -> None:
    """White text on no colour could not be read."""
    page = definition(name)
    for panel in page["visualizations"].values():
        shown = panel.get("options", {}).get("backgroundColor", "")
        if "matchValue" not in shown:
            continue
        [context] = [rules for key, rules in panel["context"].items() if f"matchValue({key})" in shown]
        query = page["dataSources"][panel["dataSources"]["primary"]]["options"]["query"]
        texts = {text for text in _results(query) if text}
        verdicts = {"malicious", "suspicious", "undetected", "unknown"} if "vt_verdict" in query else set()
        assert texts | verdicts <= {rule["match"] for rule in context}, json.dumps(panel)


def _results(query: str) -> list[str]:
    """The texts that a `case(...)` gives."""
    told = query[query.index("case(") :]
    return [part.strip().strip('"') for part in told.split(")")[0].split(",")[1::2] if part.strip().startswith('"')]
