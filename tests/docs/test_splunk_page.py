"""The page for Splunk tells the command's own options, fields and messages."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection
from functools import cache

import pytest

from tests.package.conf_reader import read_conf
from tests.package.spl_reader import options_of, refuse_unknown
from vt_connectors import __version__
from vtlookup_app import result_fields as columns
from vtlookup_app.endpoint.verdict_request import ALERT, LINKS
from vtlookup_app.options import KINDS, read_options

from .pages import PROJECT, Page, in_code, page
from .shown import DOTS

PAGE = Page("all", "".join(page(f"docs/{name}.md").text for name in ("splunk", "splunk-install", "splunk-admin")))
SEARCHES = [
    match[1].split()
    for shown in (PAGE, page("README.md"))
    for block in shown.of("spl")
    for match in re.finditer(r"\| vtlookup((?: \w+=\S+)+)", block.text)
]

BLOCKS = [line for block in PAGE.of("spl") for line in block.text.splitlines() if line.strip()]
HEADINGS = (
    "option",
    "field",
    "reason",
    "message",
    "macro",
    "in the log",
    "for vtreport",
    "for vtcache",
    "for vtrelated",
    "for vtbehaviour",
    "for vtsearch",
    "for vtstream",
    "parameter",
    "in an event",
    "CIM field",
    "to do this",
    "warning",
)
_SHORTEST_PIECE = 7


def _first_cells(heading: str) -> list[str]:
    """What is in backticks in the first column of the tables headed so."""
    found: list[str] = []
    inside = False
    for row in PAGE.rows:
        inside = (inside and len(row) > 1) or row[0] == heading
        if row[0] in HEADINGS and row[0] != heading:
            inside = False
        found += in_code(row[0]) if inside else []
    return found


def test_it_has_searches() -> None:
    assert len(SEARCHES) >= 7


@pytest.mark.parametrize("search", SEARCHES, ids=" ".join)
def test_the_command_takes_the_options_of_a_search(search: list[str]) -> None:
    given = dict(option.split("=", 1) for option in search)
    assert read_options(dict(given)).field in given.values()


def test_every_option_has_its_row() -> None:
    shown = [option.partition("=")[0] for option in _first_cells("option")]
    assert shown == [*KINDS, "prefix", "max_age", "wait", "cache", "verdict_by", "context", "raw"]


@pytest.mark.parametrize("command", ["vtreport", "vtcache", "vtrelated", "vtbehaviour", "vtsearch", "vtstream"])
def test_every_option_of_a_command_has_its_row(command: str) -> None:
    shown = [option.partition("=")[0] for option in _first_cells(f"for {command}") if "=" in option]
    assert sorted(shown) == sorted(options_of(command))


def test_every_parameter_of_the_alert_action_has_its_row_with_the_shipped_default() -> None:
    settings = read_conf(PROJECT / "splunk_app/default/alert_actions.conf")["vt_alert_lookup"]
    shipped = {name[6:]: text for name, text in settings.items() if name.startswith("param.") and name != "param._cam"}
    assert set(_first_cells("parameter")) == set(shipped)
    defaults = {in_code(row[0])[0]: in_code(row[1]) for row in PAGE.rows if len(row) == 3 and in_code(row[0])}
    assert {name: defaults[name][0] for name in ("type", "wait", "limit")}.items() <= shipped.items()


def test_every_field_that_an_alert_gives_an_event_has_its_place() -> None:
    assert set(_first_cells("in an event")) >= {"time", "user", "vt_verdict", "indicator", "field", "results"}
    assert {*ALERT, *LINKS} <= set(_first_cells("in an event"))


def test_every_macro_has_its_row() -> None:
    macros = read_conf(PROJECT / "splunk_app/default/macros.conf")
    shown = re.findall(r"^\| `` `(\w+)(?:\((\w+)\))?` `` \|", PAGE.text, re.MULTILINE)
    assert {f"{name}(1)" if argument else name for name, argument in shown} == set(macros)


def test_every_saved_search_and_event_type_is_told_of() -> None:
    for name in ("savedsearches", "eventtypes"):
        stanzas = read_conf(PROJECT / f"splunk_app/default/{name}.conf")
        assert [stanza for stanza in stanzas if stanza not in PAGE.text] == []


def test_every_field_of_the_data_model_has_its_row() -> None:
    props = read_conf(PROJECT / "splunk_app/default/props.conf")["vtlookup:verdict"]
    made = {name.removeprefix("EVAL-") for name in props if name.startswith("EVAL-")}
    assert {*made, "subject", "user"} == set(_first_cells("CIM field"))


@pytest.mark.parametrize("search", BLOCKS)
def test_a_search_of_the_page_is_taken(search: str) -> None:
    refuse_unknown(search)


def test_every_field_has_its_row() -> None:
    assert {name.removeprefix("vt_") for name in _first_cells("field")} == set(columns.NAMES)


@pytest.mark.parametrize("message", _first_cells("message"))
def test_a_message_is_one_that_the_command_has(message: str) -> None:
    literals = _literals()
    assert [part for part in map(str.strip, message.split(DOTS)) if not _is_put_together(part, literals)] == []


def _is_put_together(text: str, literals: Collection[str]) -> bool:
    """Whether `text` is made of pieces of the literals, each of some length or a whole one."""
    if not text:
        return True
    return any(
        _is_put_together(text[size:], literals)
        for size in range(len(text), 0, -1)
        if text[:size] in literals or (size >= _SHORTEST_PIECE and any(text[:size] in one for one in literals))
    )


@cache
def _literals() -> frozenset[str]:
    """Every piece of text in the command's and the core's code."""
    paths = [path for folder in ("splunk_app/bin", "connectors") for path in (PROJECT / folder).rglob("*.py")]
    nodes = (node for path in paths for node in ast.walk(ast.parse(path.read_text("utf-8"))))
    return frozenset(node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))


def test_the_apps_file_is_named_by_its_version() -> None:
    assert f"dist/vtlookup-{__version__}.spl" in PAGE.text
