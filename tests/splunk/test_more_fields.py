"""Fields with the engines that have a detection, GTI's assessment, and further facts of the object."""

from __future__ import annotations

from typing import Any

import pytest

from vt_connectors.indicators import Kind
from vt_connectors.sandbox import SandboxServer
from vt_connectors.virustotal.object_context import field_names
from vtlookup_app import context_fields
from vtlookup_app import result_fields as columns

from .searching import CLEAN_IP, EICAR_MD5, FIELDS, Lookup, normal

KINDS: tuple[Kind, ...] = ("hash", "url", "domain", "ip")
DATA = {"type": "hash", "indicator": EICAR_MD5, "verdict": "malicious"}


def _columns(**data: Any) -> columns.Columns:
    meta: Any = {"source": "api", "age_s": 0}
    response: Any = {"status": "ok", "error": None, "data": {**DATA, **data}, "meta": meta}
    return columns.of_response(response)


def test_each_engine_that_objects_is_a_value(lookup: Lookup) -> None:
    file, address = normal(lookup([[{"x": EICAR_MD5}, {"x": CLEAN_IP}]], "ioc=x")).records
    engines = file["vt_detected_by"]
    assert isinstance(engines, list)
    assert len(engines) == int(str(file["vt_malicious"]))
    assert engines == sorted(engines)
    assert all(engine.startswith("Engine ") and ": " in engine for engine in engines)
    assert address["vt_detected_by"] == ""


def test_an_engine_without_a_name_for_it_is_named_alone() -> None:
    rows = [{"engine": "A", "result": "x$y"}, {"engine": "B", "result": None}]
    assert _columns(detected_by=rows)["detected_by"] == ["A: x$y", "B"]


def test_an_assessment_has_three_fields() -> None:
    found = _columns(gti={"verdict": "suspicious", "severity": "none", "score": 20, "description": "x"})
    assert [found[f"gti_{name}"] for name in ("verdict", "severity", "score")] == ["suspicious", "none", "20"]
    assert _columns(gti={"verdict": "unknown", "severity": "unknown"})["gti_score"] == ""
    assert _columns()["gti_verdict"] == ""


@pytest.mark.parametrize("kind", KINDS)
def test_the_fields_of_context_are_those_of_the_core(kind: Kind) -> None:
    expected = tuple(f"context_{name}" for name in field_names(kind))
    assert context_fields.names(kind) == expected
    assert set(expected) <= set(context_fields.names(None))
    assert len(context_fields.names(None)) == len(set(context_fields.names(None)))


def test_context_adds_its_fields_and_no_request(lookup: Lookup, sandbox: SandboxServer) -> None:
    chunk = [{"x": value} for value in (EICAR_MD5, "0" * 32, "10.0.0.1", "")]
    result = normal(lookup([chunk], "ioc=x", "context=true"))
    expected = {f"vt_{name}" for name in (*FIELDS, *context_fields.names(None))}
    assert all({name for name in record if name.startswith("vt_")} == expected for record in result.records)
    assert len(sandbox.requests) == 2
    told = {name: value for name, value in result.records[0].items() if name.startswith("vt_context_") and value}
    assert told["vt_context_meaningful_name"] == "eicar.com"
    assert str(told["vt_context_last_submitted"]).isdecimal(), "times are epoch seconds"
    assert not [value for name, value in result.records[1].items() if name.startswith("vt_context_") and value]


def test_context_has_the_fields_of_the_kind_that_the_search_names(lookup: Lookup) -> None:
    (record,) = normal(lookup([[{"x": CLEAN_IP}]], "ip=x", "context=true", "prefix=a_")).records
    assert {name for name in record if name.startswith("a_context_")} == {
        f"a_{name}" for name in context_fields.names("ip")
    }
    (plain,) = normal(lookup([[{"x": CLEAN_IP}]], "ip=x")).records
    assert not [name for name in plain if "context" in name]


def test_several_indicators_of_an_event_stand_side_by_side(lookup: Lookup) -> None:
    (record,) = normal(lookup([[{"x": [EICAR_MD5, CLEAN_IP]}]], "ioc=x", "context=true")).records
    assert record["vt_context_meaningful_name"] == ["eicar.com", ""]
    assert len(record["vt_detected_by"]) == 2


def test_a_report_has_the_same_fields(lookup: Lookup) -> None:
    (row,) = normal(lookup.command("vtreport")([], f"value={EICAR_MD5}", "context=true", "verdict_by=gti")).records
    assert row["vt_context_meaningful_name"] == "eicar.com"
    assert row["vt_verdict"] == "malicious"


@pytest.mark.parametrize("word", ["engines", "GTI", " worst "])
def test_what_decides_is_an_option(lookup: Lookup, word: str) -> None:
    (record,) = normal(lookup([[{"x": EICAR_MD5}]], "hash=x", f"verdict_by={word}")).records
    assert record["vt_verdict"] == "malicious"


def test_another_word_is_refused(lookup: Lookup) -> None:
    result = lookup([[{"x": EICAR_MD5}]], "hash=x", "verdict_by=me")
    assert result.messages == [("ERROR", "vtlookup: verdict_by='me': one of engines, gti, worst")]
