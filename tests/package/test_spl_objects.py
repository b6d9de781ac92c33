"""The app's macros, a field's menu, the page behind it and the commands' help go together with the code."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlsplit
from xml.etree import ElementTree

import pytest

from .conf_reader import Stanzas, read_conf
from .spl_reader import HOMES, PROJECT, commands, options_of, refuse_unknown

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


def test_the_link_that_a_macro_makes_is_the_value_encoded_twice() -> None:
    definition = MACROS["vt_open_link(1)"]["definition"]
    replaced = re.findall(r', "(\\?[^"\\])", "([^"]+)"\)', definition)
    value = "http://a.example:8080/x?y=1&z=%20#w b"
    made = value
    for pattern, replacement in replaced:
        made = re.sub(pattern, replacement, made)
    assert made == quote(quote(value, safe=""), safe="")


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
    tokens = [element.attrib["token"] for element in ElementTree.parse(view).iter("input")]
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
