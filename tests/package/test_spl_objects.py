"""The app's macros, a field's menu, the page behind it and the commands' help go together with the code."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from xml.etree import ElementTree

import pytest

from vt_connectors.indicators import KINDS, object_page, search_page

from .conf_reader import Stanzas, read_conf
from .spl_reader import HOMES, PROJECT, commands, given_options, options_of, refuse_unknown

DEFAULT = PROJECT / "splunk_app/default"
MACROS = read_conf(DEFAULT / "macros.conf")
ACTIONS = read_conf(DEFAULT / "workflow_actions.conf")
HELP = read_conf(DEFAULT / "searchbnf.conf")
PAGE = (PROJECT / "docs/splunk.md").read_text("utf-8")
EXAMPLES = [settings[f"example{number}"] for settings in HELP.values() for number in (1, 2, 3)]
_PLACE = re.compile(r"\$(!?)([^$\s]+)\$")


@pytest.mark.parametrize(
    "search",
    [
        'eval a="b',
        "eval a=(b",
        "eval a=b)",
        "eval a=(b]",
        "evil a=b",
        "vtlookup hash=a colour=red",
        "vtreport value=a b",
        "vtcache clear=true | vtquota acount=true",
    ],
)
def test_a_search_that_splunk_would_refuse_is_found(search: str) -> None:
    with pytest.raises(ValueError, match=r"quote|close|what is|no option"):
        refuse_unknown(search)


def test_a_pipe_in_quotes_or_brackets_ends_no_command() -> None:
    assert commands('| eval a="x|y" | where (b) | append [search c | head 1]') == [
        ("eval", 'a="x|y"'),
        ("where", "(b)"),
        ("append", "[search c | head 1]"),
    ]


# Macros


@pytest.mark.parametrize("stanza", MACROS)
def test_a_macro_is_a_search_that_splunk_takes(stanza: str) -> None:
    settings = MACROS[stanza]
    definition = settings["definition"]
    match = re.fullmatch(r"(\w+?)(?:\((\d)\))?", stanza)
    assert match is not None
    arguments = [name.strip() for name in settings.get("args", "").split(",") if name.strip()]
    assert len(arguments) == int(match[2] or 0)
    assert {name for _, name in _PLACE.findall(definition)} == set(arguments)
    assert settings["iseval"] == "0"
    for argument in arguments:
        definition = definition.replace(f"${argument}$", "my field")
    refuse_unknown(definition)


@pytest.mark.parametrize("stanza", MACROS)
def test_a_macro_has_its_example_on_the_page_with_the_right_number_of_arguments(stanza: str) -> None:
    name, _, count = stanza.rstrip(")").partition("(")
    calls = re.findall(rf"`{name}(?:\(([^`)]*)\))?`", "\n".join(re.findall(r"```spl\n(.*?)```", PAGE, re.DOTALL)))
    assert calls
    assert {len([given for given in call.split(",") if given]) for call in calls} == {int(count or 0)}


def test_a_macro_has_the_command_make_its_link_and_asks_nothing() -> None:
    (command, given), (_, made), (_, dropped) = commands("| " + MACROS["vt_open_link(1)"]["definition"])
    assert (command, given_options(given)) == ("vtlookup", {"ioc": "$field$", "cache": "only", "prefix": "vt_open_"})
    assert made == 'vt_link=if(isnull(vt_link) OR vt_link=="", vt_open_link, vt_link)'
    assert dropped == "- vt_open_*"


@pytest.mark.parametrize("name", ["macros.conf", "workflow_actions.conf", "data/ui/views/vt_report.xml"])
def test_every_link_to_virustotal_is_one_that_the_core_makes(name: str) -> None:
    pages = [search_page(""), *(object_page(kind, "") for kind in KINDS)]
    links = re.findall(r"https://www\.virustotal\.com[^$\s\"]*", (DEFAULT / name).read_text("utf-8"))
    assert [link for link in links if link not in pages] == []
    assert bool(links) == (name != "macros.conf")


def _sort_key(malicious: list[str] | None, verdict: str) -> tuple[int, float]:
    """What the macro `vt_worst` sorts an event by: its functions do here what Splunk's documents say of them.

    https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/MultivalueEvalFunctions
    """
    assigned = MACROS["vt_worst"]["definition"].partition(" | ")[0].removeprefix("eval ")
    rank, _, objecting = assigned.removeprefix("vt_rank=").partition(", vt_objecting=")
    # `.` joins texts, and the second argument of mvmap is computed for each value.
    joined = objecting.replace(" . ", " + ").replace(
        "mvmap(vt_malicious, ", "mvmap(vt_malicious, lambda vt_malicious: "
    )
    functions: dict[str, Any] = {
        "case": lambda *pairs: next(value for test, value in zip(pairs[::2], pairs[1::2]) if test),
        "true": lambda: True,
        "coalesce": lambda *values: next(value for value in values if value is not None),
        "tonumber": lambda text: None if text is None else float(text),
        "mvindex": lambda values, index: None if values is None else values[index],
        "mvsort": lambda values: None if values is None else sorted(values),
        "mvmap": lambda values, of: None if values is None else [of(value) for value in values],
        "substr": lambda text, begin: text[begin:],
    }
    fields = {**functions, "vt_worst_verdict": verdict, "vt_malicious": malicious}
    return eval(rank, fields), -eval(joined, fields)


def test_the_worst_come_first_by_the_worst_of_their_values() -> None:
    worst_first: list[tuple[list[str] | None, str]] = [
        (["3", "60", "9"], "malicious"),
        (["21"], "malicious"),
        (["", "9"], "malicious"),
        (["5", "0"], "malicious"),
        (["2"], "suspicious"),
        (["0", "1"], "suspicious"),
        (["0"], "undetected"),
        ([""], "unknown"),
    ]
    keys = [_sort_key(*event) for event in worst_first]
    assert keys == sorted(set(keys))
    assert _sort_key(None, "") == (3, 0)
    assert commands("| " + MACROS["vt_worst"]["definition"])[1] == ("sort", "0 vt_rank, -vt_objecting")


# A field's menu


@pytest.mark.parametrize("stanza", ACTIONS)
def test_what_a_menu_opens_gets_the_value_encoded_by_splunk(stanza: str) -> None:
    settings = ACTIONS[stanza]
    assert (settings["type"], settings["link.method"], settings["display_location"]) == ("link", "get", "field_menu")
    assert _PLACE.findall(settings["link.uri"]) == [("", "@field_value")]
    assert "$" not in settings["label"]
    assert not [name for name in settings if name.startswith("search.")]
    link = urlsplit(settings["link.uri"])
    assert (link.scheme, link.netloc) in (("https", "www.virustotal.com"), ("", ""))


@pytest.mark.parametrize(
    "field", ["md5", "sha1", "sha256", "hash", "url", "domain", "query", "dest_host", "src_ip", "ip"]
)
def test_a_field_with_an_indicator_has_all_three_ways_in_its_menu(field: str) -> None:
    offered = [stanza for stanza, settings in ACTIONS.items() if field in re.split(r",\s*", settings["fields"])]
    assert (offered[0], offered[-1]) == ("vt_report", "vt_comment")
    assert len(offered) == 3


@pytest.mark.parametrize("action", ["vt_report", "vt_comment"])
def test_the_menu_opens_a_page_of_the_app_and_fills_its_form(action: str) -> None:
    link = urlsplit(ACTIONS[action]["link.uri"])
    view = DEFAULT / f"data/ui/views/{link.path.rpartition('/')[2]}.xml"
    ((parameter, _),) = parse_qsl(link.query)
    root = ElementTree.parse(view).getroot()
    inputs = json.loads(root.findtext("definition") or '{"inputs": {}}')["inputs"].values()
    tokens = [element.attrib["token"] for element in root.iter("input")]
    tokens += [each["options"]["token"] for each in inputs]
    assert parameter in [f"form.{token}" for token in tokens]


# Help


def _syntax_options(help_text: dict[str, str]) -> set[str]:
    return set(re.findall(r"[(|\s](\w+)=", help_text["syntax"]))


@pytest.mark.parametrize("command", HOMES)
def test_the_help_has_every_option_of_the_code_and_no_other(command: str) -> None:
    assert _syntax_options(HELP[f"{command}-command"]) == set(options_of(command))


@pytest.mark.parametrize("command", HOMES)
def test_the_help_describes_every_option(command: str) -> None:
    described = HELP[f"{command}-command"]["description"]
    assert [name for name in options_of(command) if not re.search(rf"\b{name}\b", described)] == []


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_of_the_help_is_taken(example: str) -> None:
    refuse_unknown(example)


@pytest.mark.parametrize("name", ["macros", "workflow_actions", "searchbnf"])
def test_the_built_app_has_them(app: Path, name: str) -> None:
    built: Stanzas = read_conf(app / f"default/{name}.conf")
    assert built == read_conf(DEFAULT / f"{name}.conf")
