"""The reader of eval's expressions gives what Splunk documents, and refuses what it does not understand."""

from __future__ import annotations

import pytest

from .search_time import eventtypes_of, fields_of
from .spl_eval import evaluate

FIELDS = {"a": "1", "b": "two", "list": ["x", "y"], "c d": "quoted"}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ('"text"', "text"),
        (r'"a \"b\" \\"', 'a "b" \\'),
        ("a", "1"),
        ("missing", None),
        ("'c d'", "quoted"),
        ("list", "x"),
        ('a . ":" . b', "1:two"),
        ('a . ":" . missing', None),
        ('coalesce(missing, b, "z")', "two"),
        ('if(a=="1", "yes", "no")', "yes"),
        ('if(a!="1", "yes", "no")', "no"),
        ('if(missing!="1", "yes", "no")', "no"),
        ('if(a=="2" OR b=="two" AND a=="1", "yes", "no")', "yes"),
        ('if((a=="1" OR b=="x") AND b=="x", "yes", "no")', "no"),
        ('case(a=="2", "first", true(), "second")', "second"),
        ('case(a=="2", "first")', None),
        ('if(match(b, "^t(w|x)"), b, null())', "two"),
        ('md5("")', "d41d8cd98f00b204e9800998ecf8427e"),
    ],
)
def test_an_expression_has_its_value(expression: str, value: str | None) -> None:
    assert evaluate(expression, FIELDS) == value


@pytest.mark.parametrize(
    "expression", ["", "a b", "(a", "upper(a)", 'if(a=="1", "x"', '"open', "a + b", "a ==", "a . )"]
)
def test_what_is_not_understood_is_refused(expression: str) -> None:
    with pytest.raises(ValueError, match=r"is not understood|is no value|is left over|does not close"):
        evaluate(expression, FIELDS)


def test_calculated_fields_do_not_see_each_other_but_see_aliases() -> None:
    settings = {"EVAL-x": "b", "EVAL-y": "coalesce(x, z)", "FIELDALIAS-a": '"l{}" ASNEW z b AS n'}
    fields = fields_of({"b": "1", "l": ["2", "3"]}, settings)
    assert (fields["x"], fields["y"], fields["z"], fields["n"]) == ("1", "2", ["2", "3"], "1")


def test_an_alias_with_asnew_keeps_a_field_that_is_there_and_one_with_as_does_not() -> None:
    event = {"old": "1", "new": "2"}
    assert fields_of(event, {"FIELDALIAS-a": "old ASNEW new"})["new"] == "2"
    assert fields_of(event, {"FIELDALIAS-a": "old AS new"})["new"] == "1"
    with pytest.raises(ValueError, match="not understood"):
        fields_of(event, {"FIELDALIAS-a": "old TO new"})


def test_an_event_has_the_types_whose_search_finds_it() -> None:
    types = {"all": {"search": "sourcetype=s:t"}, "some": {"search": "sourcetype=s:t (v=1 OR v=2) w=3"}}
    assert eventtypes_of({"v": "2", "w": "3"}, "s:t", types) == {"all", "some"}
    assert eventtypes_of({"v": "2", "w": "4"}, "s:t", types) == {"all"}
    assert eventtypes_of({"v": "2", "w": "3"}, "s:u", types) == set()
