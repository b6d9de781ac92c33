"""The endpoint that writes verdicts refuses a document with anything else in it, and writes nothing of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from vt_connectors.sandbox import Quota, SandboxServer
from vtlookup_app.endpoint.verdict_request import LONGEST_VALUE
from vtlookup_app.limits import LONGEST_TEXT, MOST_EVENTS, MOST_LINKS

from .endpoint_harness import VERDICTS, call, splunkd_of_analyst, write
from .fake_splunkd import FakeSplunkd
from .forked_app import ForkedApp
from .searching import CLEAN_IP, Lookup, splunks_home
from .test_verdicts_endpoint import KNOWN, known


@pytest.fixture(scope="module")
def shared(app: Path, any_python: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeSplunkd]:
    """One for all documents that are refused: none of them leaves anything."""
    home = splunks_home(tmp_path_factory.mktemp("refusing"))
    with SandboxServer(Quota.unlimited()) as sandbox:
        keyless = Lookup(app, home, any_python, {}, forked=ForkedApp(app))
        with splunkd_of_analyst(keyless, sandbox) as running:
            known(running)
            yield running


@pytest.fixture
def refusing(shared: FakeSplunkd) -> Iterator[FakeSplunkd]:
    """As `endpoint`, for a test that has nothing written; the next test finds it as it was."""
    assert write(shared, KNOWN)[0] == 200
    shared.indexed.clear()
    yield shared
    shared.indexed.clear()


FORGED = [
    {"vt_verdict": "undetected"},
    {"vt_malicious": "0"},
    {"verdict": "undetected"},
    {"user": "admin"},
    {"time": "1999-01-01T00:00:00Z"},
    {"_raw": "x"},
    {"_time": "0"},
    {"host": "x"},
    {"source": "x"},
    {"sourcetype": "x"},
    {"index": "main"},
    {"indicator": CLEAN_IP},
    {"stats": {"malicious": 0}},
    {"response": {"status": "ok"}},
    {"": None},
]


@pytest.mark.parametrize("more", FORGED, ids=repr)
def test_nothing_else_can_be_said_of_an_indicator(more: dict[str, Any], refusing: FakeSplunkd) -> None:
    assert write(refusing, {**KNOWN, **more})[0] == 400
    assert write(refusing, KNOWN, alert={"search_name": "a", **more})[0] == 400
    for name in set(more) - {"index"}:
        assert write(refusing, KNOWN, **{name: more[name]})[0] == 400
    assert refusing.indexed == []


def test_events_of_the_callers_own_are_not_written(refusing: FakeSplunkd) -> None:
    forged = {"vt_verdict": "malicious", "indicator": "good.example"}
    for document in ({"source": "s", "events": [forged]}, {"events": [forged]}, {"indicators": [forged]}):
        assert call(refusing, document, VERDICTS)[0] == 400
    assert refusing.indexed == []


@pytest.mark.parametrize(
    "document",
    [
        "nonsense",
        "[]",
        "[" * 100_000,
        '{"indicators": ' + "[" * 5000 + "]" * 5000 + "}",
        {},
        {"indicators": []},
        {"indicators": {}},
        {"indicators": "x"},
        {"indicators": ["x"]},
        {"indicators": [None]},
        {"indicators": [[KNOWN]]},
        {"indicators": [KNOWN] * (MOST_EVENTS + 1)},
        {"indicators": [{}]},
        {"indicators": [{"value": " "}]},
        {"indicators": [{"value": 7}]},
        {"indicators": [{"value": None}]},
        {"indicators": [{"value": ["8.8.8.8"]}]},
        {"indicators": [{"value": "x" * (LONGEST_VALUE + 1)}]},
        {"indicators": [{**KNOWN, "type": "ioc"}]},
        {"indicators": [{**KNOWN, "type": "../url"}]},
        {"indicators": [{**KNOWN, "type": {}}]},
        {"indicators": [{**KNOWN, "field": 1}]},
        {"indicators": [{**KNOWN, "field": "x" * (LONGEST_TEXT + 1)}]},
        {"indicators": [{**KNOWN, "results": 0}]},
        {"indicators": [{**KNOWN, "results": -1}]},
        {"indicators": [{**KNOWN, "results": True}]},
        {"indicators": [{**KNOWN, "results": "2"}]},
        {"indicators": [{**KNOWN, "results": 2.0}]},
        {"indicators": [{**KNOWN, "results": 10**30}]},
        {"indicators": [{**KNOWN, "rid": "x"}]},
        {"indicators": [{**KNOWN, "rid": [1]}]},
        {"indicators": [{**KNOWN, "rid": [["x"]]}]},
        {"indicators": [{**KNOWN, "rid": ["x"] * (MOST_LINKS + 1)}]},
        {"indicators": [{**KNOWN, "orig_sid": ["x" * (LONGEST_TEXT + 1)]}]},
        {"indicators": [KNOWN], "alert": []},
        {"indicators": [KNOWN], "alert": None},
        {"indicators": [KNOWN], "alert": {"search_name": {}}},
        {"indicators": [KNOWN], "alert": {"sid": "x" * (LONGEST_TEXT + 1)}},
        {"indicators": [KNOWN], "index": ["main"]},
        {"indicators": [KNOWN], "index": 1},
        {"indicators": [KNOWN], "events": []},
    ],
    ids=lambda document: repr(document)[:60],
)
def test_what_is_of_another_form_or_size_is_refused_as_a_whole(document: object, refusing: FakeSplunkd) -> None:
    status, answer = call(refusing, document, VERDICTS)
    assert (status, refusing.indexed) == (400, [])
    assert answer["error"]
    assert len(answer["error"]) < 200
