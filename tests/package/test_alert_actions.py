"""What Splunk reads of the alert actions: the stanza, its script, its form and its description say the same."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from .conf_reader import read_conf
from .spl_reader import BIN, PROJECT

APP = PROJECT / "splunk_app"
ACTIONS = read_conf(APP / "default/alert_actions.conf")
CODE = {"vt_alert_lookup": "look_up.py", "vt_alert_comment": "comment.py"}


def form(action: str) -> ElementTree.Element:
    return ElementTree.parse(APP / f"default/data/ui/alerts/{action}.html").getroot()


def parameters(action: str) -> set[str]:
    return {name.removeprefix("param.") for name in ACTIONS[action] if name.startswith("param.")} - {"_cam"}


def test_there_are_the_two_that_the_page_tells_of() -> None:
    assert sorted(ACTIONS) == sorted(CODE)


@pytest.mark.parametrize("action", CODE)
def test_an_action_has_its_script_on_both_pythons_and_its_picture(action: str, app: Path) -> None:
    settings = ACTIONS[action]
    assert (app / f"bin/{action}.py").is_file()
    assert (app / "appserver/static" / settings["icon_path"]).read_bytes().startswith(b"\x89PNG")
    assert (settings["is_custom"], settings["payload_format"]) == ("1", "json")
    assert settings["python.required"] == "3.9, 3.13"


@pytest.mark.parametrize("action", CODE)
def test_the_form_asks_for_every_parameter_and_no_other(action: str) -> None:
    asked = [element.attrib["name"] for element in form(action).iter() if "name" in element.attrib]
    assert sorted(asked) == sorted(f"action.{action}.param.{name}" for name in parameters(action))


@pytest.mark.parametrize("action", CODE)
def test_the_script_reads_every_parameter_and_no_other(action: str) -> None:
    tree = ast.parse((APP / "bin/vtlookup_app/alerts" / CODE[action]).read_text("utf-8"))
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute))
    read = {str(call.args[0].value) for call in calls if call.func.attr == "param"}  # type: ignore[attr-defined]
    assert read == parameters(action)


@pytest.mark.parametrize("action", CODE)
def test_both_specs_describe_every_parameter(action: str) -> None:
    spec = (APP / "README/alert_actions.conf.spec").read_text("utf-8").partition(f"[{action}]")[2].partition("\n[")[0]
    assert set(re.findall(r"^param\.([a-z]+) = <", spec, re.MULTILINE)) == parameters(action)
    saved = (APP / "README/savedsearches.conf.spec").read_text("utf-8")
    assert set(re.findall(rf"^action\.{action}\.param\.([a-z]+) = <", saved, re.MULTILINE)) == parameters(action)


@pytest.mark.parametrize("action", CODE)
def test_the_described_default_is_the_shipped_one(action: str) -> None:
    spec = (APP / "README/alert_actions.conf.spec").read_text("utf-8").partition(f"[{action}]")[2].partition("\n[")[0]
    described = re.findall(r"^param\.([a-z]+) = .*?^\* Default: (?:\(empty\)|(\S+))", spec, re.MULTILINE | re.DOTALL)
    assert dict(described) == {name: ACTIONS[action][f"param.{name}"] for name in parameters(action)}


@pytest.mark.parametrize("action", CODE)
def test_every_type_of_the_form_is_one_that_the_script_takes(action: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BIN))
    from vtlookup_app.options import KINDS

    assert {option.attrib["value"] for option in form(action).iter("option")} == set(KINDS)


@pytest.mark.parametrize("action", CODE)
def test_enterprise_security_is_told_what_it_wants_to_know(action: str) -> None:
    told = json.loads(ACTIONS[action]["param._cam"])
    assert {"category", "task", "subject", "technology", "supports_adhoc", "drilldown_uri"} <= set(told)
    assert all(told[name] and isinstance(told[name], list) for name in ("category", "task", "subject"))
    assert [sorted(each) for each in told["technology"]] == [["product", "vendor", "version"]]
    page = told["drilldown_uri"].removeprefix("../vtlookup/")
    assert (APP / f"default/data/ui/views/{page}.xml").is_file()


def test_the_form_for_comments_says_that_they_are_public_and_off() -> None:
    text = " ".join("".join(form("vt_alert_comment").itertext()).split())
    assert "Everyone can read the comment" in text
    assert "does nothing until an admin allows it" in text


def test_comments_are_off_as_shipped() -> None:
    assert read_conf(APP / "default/vtlookup.conf")["settings"]["comments_allowed"] == "false"
