"""The plain check of `schemas/` against `jsonschema`, by example files and by documents near the schemas."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vt_connectors.actions import ACTIONS
from vt_connectors.contract import validation
from vt_connectors.contract.valid import predicate
from vt_connectors.contract.validation import schema, schema_folder, violation
from vt_connectors.errors import BY_CODE

from .near import ANY, near

# How long a document takes to make and to check is not tested.
on_a_busy_machine = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
_EXAMPLES = sorted((Path(__file__).parent / "examples").glob("*.json"))
_FOLDER = Path(schema_folder())
_NAMES = sorted(str(path.relative_to(_FOLDER).as_posix()) for path in _FOLDER.rglob("*.json"))
_CHECKED = {"type", "enum", "required", "properties", "additionalProperties", "items"}
_CHECKED |= {"minimum", "maximum", "minLength", "maxLength", "maxItems", "pattern"}
_NOTES = {"$schema", "title", "description", "default", "examples"}


def _agrees(name: str, document: Any) -> bool:
    """Whether the document is valid, which both checks must say alike."""
    plain = violation(name, document) is None
    assert plain == predicate(schema(name))(document)
    assert plain == jsonschema.Draft7Validator(schema(name)).is_valid(document)
    return plain


@pytest.mark.parametrize("path", _EXAMPLES, ids=lambda path: cast(Path, path).stem)
def test_an_example_is_taken_or_refused_where_it_says(path: Path) -> None:
    example = json.loads(path.read_text("utf-8"))
    assert _agrees(example["schema"], example["document"]) is example["valid"]
    wrong = violation(example["schema"], example["document"])
    assert (wrong.path if wrong else None) == example.get("path")


@on_a_busy_machine
@given(st.sampled_from(_NAMES).flatmap(lambda name: st.tuples(st.just(name), near(schema(name)))))
def test_the_plain_check_agrees_with_jsonschema(drawn: tuple[str, Any]) -> None:
    _agrees(*drawn)


@on_a_busy_machine
@given(st.sampled_from(_NAMES), ANY)
def test_what_is_refused_is_shown_as_a_pointer_without_its_value(name: str, document: Any) -> None:
    wrong = violation(name, document)
    if wrong is not None:
        assert wrong.path == "" or wrong.path.startswith("/")
        assert len(wrong.message) < 400


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("option", ["max_age_s", "max_wait_s"])
def test_what_json_has_not_is_no_number(option: str, number: float) -> None:
    wrong = violation("request.json", {"action": "quota", "params": {}, "options": {option: number}})
    assert wrong is not None
    assert wrong.path == f"/options/{option}"


def _words(rules: Any) -> set[str]:
    if not isinstance(rules, dict):
        return set()
    inner = [*rules.get("properties", {}).values(), rules.get("items"), rules.get("additionalProperties")]
    return set(rules).union(*map(_words, inner))


@pytest.mark.parametrize("name", _NAMES)
def test_a_schema_is_one_and_uses_only_the_words_that_are_checked(name: str) -> None:
    jsonschema.Draft7Validator.check_schema(schema(name))
    assert _words(schema(name)) <= _CHECKED | _NOTES


def test_a_word_that_is_not_checked_makes_everything_invalid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(schema("actions/quota.json"), "minProperties", 0)
    monkeypatch.setattr(validation, "_CHECKED_BEFORE", set[str]())
    assert violation("actions/quota.json", {}) is not None
    assert not predicate(schema("actions/quota.json"))({})


def test_the_codes_of_the_contract_are_the_errors_of_the_house() -> None:
    codes = schema("response.json")["properties"]["error"]["properties"]["code"]["enum"]
    assert set(codes) == set(BY_CODE)
    assert len(codes) == len(set(codes))


def test_every_action_has_its_schemas_and_its_example_is_valid() -> None:
    for folder in ("actions", "results"):
        assert {f"{folder}/{name}.json" for name in ACTIONS} == {name for name in _NAMES if name.startswith(folder)}
    for action in ACTIONS.values():
        assert _agrees("request.json", {"action": action.name, "params": dict(action.example)})
        assert _agrees(f"actions/{action.name}.json", dict(action.example))
