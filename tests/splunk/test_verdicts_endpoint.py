"""The endpoint that writes verdicts takes them from the cache: a caller gives indicators, never verdicts."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.fake_clock import FakeClock
from tests.package.conf_reader import read_conf
from vt_connectors.api_key import ApiKey
from vt_connectors.cache import Entry
from vt_connectors.composition.core import build
from vt_connectors.config.settings import settings_from
from vt_connectors.core import Core
from vt_connectors.errors import ConfigError, InvalidRequest
from vt_connectors.indicators import is_placeholder, recognise
from vt_connectors.sandbox import SandboxServer
from vtlookup_app import result_fields as columns
from vtlookup_app.endpoint.rest_request import RestRequest
from vtlookup_app.endpoint.verdict_request import ALERT, LINKS, LONGEST_VALUE
from vtlookup_app.endpoint.verdicts import SOURCE, SOURCETYPE, Allowance, VerdictsEndpoint
from vtlookup_app.limits import LONGEST_EVENT, LONGEST_TEXT, MOST_LINKS
from vtlookup_app.splunkd import COMMENTS_ALLOWED, VERDICT_INDEXES

from .alerting import Alert, events, results_file
from .endpoint_harness import ANALYST, VERDICTS, batch, call, codes, lookup_of, write
from .fake_splunkd import EVERYTHING, SESSION, FakeSplunkd
from .searching import CLEAN_IP, EICAR_MD5, Lookup, md5

KNOWN = {"value": EICAR_MD5, "field": "md5", "results": 2}
UNKNOWN = "0" * 31 + "1"


@pytest.fixture
def endpoint(splunkd: FakeSplunkd, sandbox: SandboxServer) -> FakeSplunkd:
    """A splunkd whose cache knows EICAR, for two requests, and whose admin has named an index."""
    known(splunkd)
    assert len(sandbox.all_requests) == 2
    return splunkd


def known(splunkd: FakeSplunkd) -> None:
    splunkd.settings = {**splunkd.settings, "verdict_indexes": "threat"}
    assert codes(call(splunkd, batch([lookup_of(EICAR_MD5), lookup_of(UNKNOWN)]))[1]) == ["ok", "not_found"]


def written(splunkd: FakeSplunkd) -> dict[str, Any]:
    """The only event."""
    [event] = events(splunkd)
    return event


def test_the_verdict_is_the_caches(endpoint: FakeSplunkd, sandbox: SandboxServer) -> None:
    alert = {"search_name": "Files on endpoints", "sid": "s1", "search_app": "search"}
    links = {"rid": ["0"], "orig_sid": ["a", "b"]}
    status, answer = write(endpoint, {**KNOWN, **links}, alert=alert)
    assert (status, answer) == (200, {"written": 1, "index": "threat", "not_cached": 0})
    event = written(endpoint)
    about = {"indicator": EICAR_MD5, "field": "md5", "results": 2, "rid": "0", "orig_sid": ["a", "b"], **alert}
    assert {name: event[name] for name in event if not name.startswith("vt_")} == {
        "time": event["time"],
        "user": "somebody",
        **about,
    }
    assert (event["vt_verdict"], event["vt_status"], event["vt_source"]) == ("malicious", "ok", "cache")
    assert endpoint.indexed[0][0] == {"index": "threat", "sourcetype": SOURCETYPE, "source": SOURCE}
    assert len(sandbox.all_requests) == 2


def test_placeholders_of_a_batch_are_passed_over(endpoint: FakeSplunkd, sandbox: SandboxServer) -> None:
    empty = [{"value": value} for value in ("-", "unknown", "N/A", "(null)")]
    assert write(endpoint, *empty) == (200, {"written": 0, "index": "threat", "not_cached": 0})
    assert write(endpoint, *empty, KNOWN)[1]["written"] == 1
    assert written(endpoint)["indicator"] == EICAR_MD5
    refused = {"refused": {"type": "ip", "values": ["-", "unknown"], "options": {}}}
    assert call(endpoint, refused)[1] == {"responses": [], "of": [None, None]}
    [answer] = call(endpoint, {"action": "lookup_ip", "params": {"ip": "unknown"}})[1]["responses"]
    assert (answer["error"]["code"], len(sandbox.all_requests)) == ("invalid_indicator", 2)


QUOTED = '","vt_verdict":"undetected","x":"'


@pytest.mark.parametrize("text", [QUOTED, "a\nb\r\nc", "\u2028\x00\x1b[31m", "</event>", "%0aindex=main", "\ud800"])
def test_no_text_of_the_callers_gets_out_of_its_field(text: str, endpoint: FakeSplunkd) -> None:
    said = {**KNOWN, "field": text, "rid": [text]}
    assert write(endpoint, said, alert={"search_name": text, "sid": text, "search_app": text})[0] == 200
    [(where, line)] = endpoint.indexed
    assert where == {"index": "threat", "sourcetype": SOURCETYPE, "source": SOURCE}
    assert line.isascii()
    assert len(line.splitlines()) == 1
    event = json.loads(line, object_pairs_hook=_no_name_twice)
    assert event["vt_verdict"] == "malicious"
    assert {event[name] for name in ("field", "rid", "search_name", "sid", "search_app")} == {text}


def _no_name_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def test_what_the_cache_does_not_know_has_no_verdict_and_is_not_asked(
    endpoint: FakeSplunkd, sandbox: SandboxServer
) -> None:
    status, answer = write(endpoint, {"value": md5(1)}, {"value": "never-seen.example"}, {"value": UNKNOWN})
    assert (status, answer["written"], answer["not_cached"]) == (200, 3, 2)
    new, name, unknown = events(endpoint)
    for event in (new, name):
        assert {key for key in event if key.startswith("vt_")} == {"vt_status", "vt_type", "vt_error"}
        assert (event["vt_status"], event["vt_error"].partition(":")[0]) == ("error", "not_cached")
    assert unknown["vt_status"] == "not_found"
    assert len(sandbox.all_requests) == 2


def test_what_is_queued_is_pending(endpoint: FakeSplunkd, sandbox: SandboxServer) -> None:
    endpoint.settings = {**endpoint.settings, "quota": "1/day"}
    assert endpoint.endpoints is not None
    endpoint.endpoints.end()
    endpoint.endpoints = dataclasses.replace(endpoint.endpoints, _idle={}, _all=[])
    for value in (md5(1), md5(2)):
        call(endpoint, lookup_of(value, options={"max_wait_s": 0}))
    requests = len(sandbox.all_requests)
    write(endpoint, {"value": md5(1)}, {"value": md5(2).upper()}, {"value": md5(3)})
    assert [event["vt_status"] for event in events(endpoint)][1:] == ["pending", "error"]
    assert len(sandbox.all_requests) == requests


def test_invalid_and_excluded_values_say_so(endpoint: FakeSplunkd) -> None:
    write(endpoint, {"value": "no indicator"}, {"value": "10.0.0.1"}, {"value": "a.corp.example"})
    write(endpoint, {"value": EICAR_MD5, "type": "ip"})
    wrong, private, excluded, other = events(endpoint)
    assert [event["vt_status"] for event in (wrong, private, excluded, other)] == [
        "error",
        "skipped",
        "skipped",
        "error",
    ]
    assert wrong["vt_error"].startswith("invalid_indicator: ")
    assert other["vt_error"].startswith("invalid_indicator: ")


def test_the_settings_thresholds_judge_whatever_a_caller_asked_with(endpoint: FakeSplunkd) -> None:
    blind = {"thresholds": {"malicious": 1000, "suspicious": 1000}, "cache": "refresh"}
    call(endpoint, lookup_of(EICAR_MD5, options=blind))
    write(endpoint, KNOWN)
    assert written(endpoint)["vt_verdict"] == "malicious"


def test_an_answer_that_the_alert_has_just_got_will_do_however_short_answers_live(endpoint: FakeSplunkd) -> None:
    endpoint.settings = {**endpoint.settings, "cache_ttl": "0"}
    write(endpoint, KNOWN)
    assert written(endpoint)["vt_verdict"] == "malicious"


def test_an_event_begins_as_splunk_looks_for_its_time(endpoint: FakeSplunkd, app: Path) -> None:
    write(endpoint, KNOWN)
    text = endpoint.indexed[0][1]
    found = read_conf(app / "default/props.conf")["vtlookup:verdict"]
    begins = re.match(found["TIME_PREFIX"], text)
    assert begins is not None
    assert re.match(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", text[begins.end() :])


def test_no_index_is_written_to_before_an_admin_names_one(endpoint: FakeSplunkd, app: Path) -> None:
    shipped = read_conf(app / "default/vtlookup.conf")["settings"]["verdict_indexes"]
    assert shipped == ""
    for setting in (shipped, " ", ","):
        endpoint.settings = {**endpoint.settings, "verdict_indexes": setting}
        for wanted in ({}, {"index": "main"}, {"index": "threat"}):
            status, answer = write(endpoint, KNOWN, **wanted)
            assert (status, "an admin can add one on the setup page" in answer["error"]) == (403, True)
    del endpoint.settings["verdict_indexes"]  # type: ignore[attr-defined]
    assert write(endpoint, KNOWN)[0] == 403
    assert endpoint.indexed == []


@pytest.mark.parametrize("unread", ["vtlookup/settings", "properties/vtlookup"])
def test_settings_that_cannot_be_read_name_no_index(unread: str, endpoint: FakeSplunkd) -> None:
    endpoint.failing_for_all = {unread: 500}
    assert write(endpoint, KNOWN)[0] == 503
    assert endpoint.indexed == []


def test_settings_that_are_wrong_are_reported_and_write_nothing(endpoint: FakeSplunkd) -> None:
    endpoint.settings = {**endpoint.settings, "quota": "many"}
    status, answer = write(endpoint, KNOWN)
    assert (status, "'many' is not a window" in answer["error"], endpoint.indexed) == (503, True, [])


def test_it_takes_the_right_to_look_up_and_a_post(endpoint: FakeSplunkd) -> None:
    endpoint.users[SESSION] = EVERYTHING - {"run_vtlookup"}
    assert write(endpoint, KNOWN)[0] == 403
    endpoint.users[SESSION] = ANALYST
    assert call(endpoint, {"indicators": [KNOWN]}, VERDICTS, "GET")[0] == 405
    assert endpoint.indexed == []


def test_a_user_has_so_many_events_in_so_many_seconds() -> None:
    clock = FakeClock()
    allowance = Allowance(clock, 100, 60.0)
    assert [allowance.take("a", 60), allowance.take("a", 40)] == [0.0, 0.0]
    clock.advance(20)
    assert allowance.take("a", 1) == 40.0
    assert allowance.take("b", 100) == 0.0
    assert allowance.take("b", 1) == 40.0
    clock.advance(40)
    assert allowance.take("a", 100) == 0.0
    assert allowance.take("c", 101) == 60.0


class FakeSystem:
    """splunkd's own session: settings, and an index that keeps what it is given."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def own_settings(self) -> Mapping[str, str]:
        return {VERDICT_INDEXES: "threat", COMMENTS_ALLOWED: ""}

    def index(self, event: str, index: str, sourcetype: str, source: str) -> None:
        assert (index, sourcetype, source) == ("threat", SOURCETYPE, SOURCE)
        self.lines.append(event)


class OneCore:
    """The endpoint's core, in this process; it has no key to ask with."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._core = build(settings_from({"VT_STATE": "memory"}), self._no_key, clock)

    @contextlib.contextmanager
    def core(self, system: object) -> Iterator[Core]:
        yield self._core

    def _no_key(self) -> ApiKey:
        raise ConfigError("VirusTotal cannot be asked here")

    def keep(self, value: str, counts: Mapping[str, int], **more: Any) -> None:
        indicator = recognise(value)
        stats = {**dict.fromkeys(("malicious", "suspicious", "harmless", "undetected"), 0), **counts, "total": 60}
        report = {"type": indicator.kind, "indicator": value, "id": value, "stats": stats, **more}
        self._core.context.cache.put(f"v3:{indicator.key}", Entry("ok", report, self._clock.now()))


class InProcess:
    """`lines` are what was written in answer to the last document."""

    def __init__(self, most: int = 10**9) -> None:
        clock = FakeClock()
        shared: Any = OneCore(clock)
        shared.keep(EICAR_MD5, {"malicious": 60})
        shared.keep(CLEAN_IP, {"harmless": 60}, names=["\u20ac" * 900] * 50, tags=["\u20ac" * 90] * 400)
        self._system: Any = FakeSystem()
        self._endpoint = VerdictsEndpoint(shared, clock, most)

    @property
    def lines(self) -> list[str]:
        lines: list[str] = self._system.lines
        return lines

    def post(self, document: object, user: str = "somebody") -> int:
        self.lines.clear()
        try:
            return self._endpoint.answer(RestRequest("POST", json.dumps(document), self._system, self._system, user))[0]
        except InvalidRequest:
            return 400


WIDE = "\u20ac" * LONGEST_TEXT
ANOTHER_SPELLING = "8.8.8[.]8"
TEXTS = st.one_of(
    st.sampled_from(
        ["", "a", QUOTED, "\n", "\u20ac" * LONGEST_TEXT, "\ud800" * LONGEST_TEXT, "x" * (LONGEST_TEXT + 1)]
    ),
    st.text(max_size=20),
)
VALUES = st.one_of(
    st.sampled_from(
        [EICAR_MD5, EICAR_MD5.upper(), f" {EICAR_MD5} ", CLEAN_IP, "8.8.8[.]8", "10.0.0.1", "x" * LONGEST_VALUE]
    ),
    TEXTS,
)
ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=5,
)
LISTS = st.one_of(st.lists(TEXTS, max_size=MOST_LINKS + 1), st.just([WIDE] * MOST_LINKS))
INDICATORS = st.fixed_dictionaries(
    {"value": st.one_of(VALUES, VALUES, VALUES, ANYTHING)},
    optional={
        "type": st.one_of(st.sampled_from(["hash", "ip", "url", "domain"]), ANYTHING),
        "field": TEXTS,
        "results": st.one_of(st.integers(1, 9), ANYTHING),
        **dict.fromkeys(LINKS, LISTS),
        "vt_verdict": st.just("undetected"),
    },
)
DOCUMENTS = st.fixed_dictionaries(
    {"indicators": st.one_of(st.lists(INDICATORS, min_size=1, max_size=4), ANYTHING)},
    optional={
        "alert": st.one_of(st.dictionaries(st.sampled_from(["search_name", "sid", "search_app"]), TEXTS), ANYTHING),
        "index": st.sampled_from(["", "threat", "main", 7]),
        "more": ANYTHING,
    },
)
LARGEST = {"value": CLEAN_IP, "field": WIDE, **dict.fromkeys(LINKS, [WIDE] * MOST_LINKS)}
FIELDS = {"time", "user", "indicator", "field", "results", *LINKS, *ALERT, *(f"vt_{name}" for name in columns.NAMES)}


@pytest.fixture(scope="module")
def near() -> InProcess:
    return InProcess()


@settings(deadline=None, max_examples=400)
@example(document={"indicators": [LARGEST], "alert": dict.fromkeys(("search_name", "sid"), "\ud800" * LONGEST_TEXT)})
@example(document={"indicators": [{"value": EICAR_MD5}]})
@example(document={"indicators": [{"value": "NONE"}, {"value": EICAR_MD5}]})
@given(document=DOCUMENTS)
def test_whatever_is_posted_an_event_says_what_the_cache_says_and_no_more(near: InProcess, document: Any) -> None:
    try:
        status = near.post(document, "a user")
    except ConfigError:
        status = 403
    assert status in (200, 400, 403)
    # Placeholders for an empty value, such as NONE, are left out.
    kept = [each for each in document["indicators"] if not is_placeholder(each["value"])] if status == 200 else []
    assert len(near.lines) == len(kept)
    for line, given_ in zip(near.lines, kept):
        assert line.isascii()
        assert len(line) <= LONGEST_EVENT
        assert len(line.splitlines()) == 1
        event = json.loads(line, object_pairs_hook=_no_name_twice)
        assert event["user"] == "a user"
        assert set(event) <= FIELDS
        assert event.get("vt_malicious") == _counts(given_)


def _counts(said: Mapping[str, Any]) -> str | None:
    """How many engines flag it, by the cache; None if it is not cached."""
    value, kind = said["value"].strip(), said.get("type")
    if value.lower() == EICAR_MD5 and kind in (None, "", "hash"):
        return "60"
    return "0" if value in (CLEAN_IP, ANOTHER_SPELLING) and kind in (None, "", "ip") else None


def test_a_user_over_the_event_limit_gets_the_time_to_retry() -> None:
    near = InProcess(most=5)
    document = {"indicators": [KNOWN] * 5}
    assert (near.post(document), len(near.lines)) == (200, 5)
    assert (near.post({"indicators": [KNOWN]}), near.lines) == (429, [])
    assert (near.post(document, "another"), len(near.lines)) == (200, 5)


# The alert action before it


@pytest.fixture
def alert(keyless: Lookup, endpoint: FakeSplunkd) -> Alert:
    return Alert("vt_alert_lookup", keyless, endpoint)


def test_a_limit_on_a_users_events_is_a_failure_of_the_alert_to_be_tried_again(
    alert: Alert, endpoint: FakeSplunkd
) -> None:
    endpoint.failing = {"vtlookup/verdicts": 429}
    ran = alert([{"md5": EICAR_MD5}], fields="md5")
    assert (ran.status, endpoint.indexed) == (75, [])


def test_an_alert_without_a_shared_cache_says_that_verdicts_are_missing(alert: Alert, endpoint: FakeSplunkd) -> None:
    endpoint.settings = {**endpoint.settings, "state": "memory"}
    endpoint.users[SESSION] = EVERYTHING
    ran = alert([{"md5": EICAR_MD5}, {"md5": md5(7)}], fields="md5")
    assert (ran.status, ran.levels) == (0, ["WARN"])
    assert ran.said == [
        "2 answers are missing in the events: the app's endpoint does not use the same cache as this alert"
    ]
    assert all("vt_verdict" not in event for event in events(endpoint))


@pytest.mark.parametrize("rights", [ANALYST, EVERYTHING], ids=["by the endpoint", "with the key"])
def test_an_alerts_texts_are_cut_to_what_the_endpoint_takes(
    rights: frozenset[str], alert: Alert, endpoint: FakeSplunkd
) -> None:
    endpoint.users[SESSION] = rights
    long = "\u20ac" * 5000
    name = "f" * 5000
    # More than goes into a call, of which each takes six.
    urls = [f"http://x.example/{long}{number}" for number in range(13)]
    rows = [{name: value, "rid": long} for value in (EICAR_MD5, long, *urls)]
    path = results_file(alert.job / "results.csv.gz", rows)
    document = {**alert.document(path, fields=name), "search_name": long, "app": long}
    assert alert.reported(json.dumps(document).encode()).status == 0
    written = events(endpoint)
    assert len(written) == 15
    assert written[0]["vt_verdict"] == "malicious"
    assert all(len(event["search_name"]) <= LONGEST_TEXT for event in written)
