"""The codec of Cortex XSOAR."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import pytest

from package.bundles.manifest import read_manifest
from package.bundles.xsoar.commands import commands
from vt_connectors.adapters.soar import outcome
from vt_connectors.adapters.soar.xsoar import Results, XsoarCodec
from vt_connectors.adapters.soar.xsoar_arguments import SCANS, Call, More

from .codec_contract import CodecContract
from .outcomes import EICAR, UNKNOWN_HASH, Case, cases

COMMANDS = {one.name: one.command for one in commands(read_manifest())}
CODEC = XsoarCodec(COMMANDS)
COMMAND_OF = {"hash": "file", "url": "url", "domain": "domain", "ip": "ip"}
# Longer than any wait for quota.
LONG_S = "99999999"


class TestXsoar(CodecContract):
    PLATFORM = "Cortex XSOAR"
    MEANS: ClassVar = {
        outcome.FOUND: "indicator, DBotScore by the verdict",
        outcome.UNKNOWN: "indicator, DBotScore 0, `not_found`",
        outcome.PENDING: "polled",
        outcome.SKIPPED: "`skipped`, no DBotScore",
        outcome.OUT_OF_QUOTA: "polled if asked for, else an error; metric QuotaError",
        outcome.UNREACHABLE: "error, metric TimeoutError, ConnectionError or ServiceError",
        outcome.REFUSED: "error, metric AuthError",
        outcome.INVALID: "error `invalid_indicator`",
        outcome.FAILED: "error, metric GeneralError",
    }
    TAKES_LISTS = True
    codec = CODEC

    def given(self, cases: Sequence[Case]) -> Call:
        name = COMMAND_OF[cases[0].kind]
        return Call(name, {name: [case.value for case in cases], "polling": "true", "timeout_in_seconds": LONG_S})

    def means(self, output: Results, case: Case) -> str:
        if any(entry.value == case.value for entry in output.waiting):
            (entry,) = output.waiting
            assert output.poll is not None
            return self.MEANS[outcome.PENDING if entry.scan else outcome.OUT_OF_QUOTA]
        place = [given.value for given in output.entries].index(case.value)
        entry = output.entries[place + self._before(output, case)]
        return self._of(entry)

    def _before(self, output: Results, case: Case) -> int:
        """Two cases are about one hash: the failure is the second one."""
        places = [number for number, entry in enumerate(output.entries) if entry.value == case.value]
        return places[-1] - places[0] if case.response["status"] == "error" else 0

    def _of(self, entry: Any) -> str:
        if entry.is_answer and entry.scored is None:
            return self.MEANS[outcome.SKIPPED]
        if entry.is_answer:
            return self.MEANS[outcome.UNKNOWN if entry.outputs["status"] == "not_found" else outcome.FOUND]
        if entry.outputs["error"]["code"] == "invalid_indicator":
            return self.MEANS[outcome.INVALID]
        metrics = {"timeout_error": outcome.UNREACHABLE, "auth_error": outcome.REFUSED, "general_error": outcome.FAILED}
        return self.MEANS[metrics[entry.metric]]


def scores(name: str, command: str = "file") -> Any:
    case = cases()[name]
    (entry,) = CODEC.output(Call(command, {command: case.value}), [case.response]).entries
    return entry.scored


def report(**data: Any) -> dict[str, Any]:
    response = dict(cases()[outcome.FOUND].response)
    return {**response, "data": {**response["data"], **data}}


@pytest.mark.parametrize(
    ("verdict", "harmless", "score"),
    [("malicious", 0, 3), ("suspicious", 0, 2), ("undetected", 0, 0), ("undetected", 5, 1), ("unknown", 0, 0)],
)
def test_a_score_is_good_only_if_engines_say_harmless(verdict: str, harmless: int, score: int) -> None:
    stats = {"malicious": 0, "suspicious": 0, "harmless": harmless, "undetected": 60, "total": 60 + harmless}
    (entry,) = CODEC.output(Call("file", {"file": EICAR}), [report(verdict=verdict, stats=stats)]).entries
    assert entry.scored is not None
    assert entry.scored.score == score


def test_an_unknown_file_has_the_hash_that_was_asked_about() -> None:
    assert scores(outcome.UNKNOWN).fields == {"sha256": UNKNOWN_HASH}
    assert set(scores(outcome.FOUND).fields) >= {"md5", "sha1", "sha256", "name", "size", "file_type"}


@pytest.mark.parametrize(
    ("command", "given", "values"),
    [
        ("file", f"{EICAR}, {UNKNOWN_HASH},", [EICAR, UNKNOWN_HASH]),
        ("file", [EICAR], [EICAR]),
        ("domain", '["a.example", "b.example"]', ["a.example", "b.example"]),
        ("url", "https://a.example/x,y,https://b.example/", ["https://a.example/x,y", "https://b.example/"]),
        ("url", "a.example/x,b.example/y", ["a.example/x", "b.example/y"]),
        ("ip", "[2001:db8::1]:443,192.0.2.1", ["[2001:db8::1]:443", "192.0.2.1"]),
        ("file", "", []),
        ("vt-get-comments", "a.example,b.example", ["a.example", "b.example"]),
    ],
)
def test_lists_are_texts_with_commas_or_json(command: str, given: Any, values: list[str]) -> None:
    parameter = COMMANDS[command].value
    requests = CODEC.requests(Call(command, {COMMANDS[command].argument: given}))
    assert [request["params"][parameter] for request in requests] == values


def test_arguments_have_the_types_of_their_parameters_and_wrong_ones_are_passed_on() -> None:
    args = {"domain": "a.example", "limit": "5", "polling": "false"}
    assert CODEC.requests(Call("vt-passive-dns", args))[0]["params"] == {"domain": "a.example", "limit": 5}
    args = {"url": "https://a.example/", "private": "true", "retention_days": "seven", "region": ""}
    (request,) = CODEC.requests(Call("vt-scan-url", args))
    assert request["params"] == {"url": "https://a.example/", "private": True, "retention_days": "seven"}
    (request,) = CODEC.requests(Call("vt-get", {"path": "users/x", "query": '{"limit": 2}'}))
    assert request["params"] == {"path": "users/x", "query": {"limit": 2}}


def test_the_value_is_shown_as_it_was_given_unless_it_was_defanged() -> None:
    data = {"type": "url", "indicator": "https://example.com/"}
    for given, shown in (("https://example.com", "https://example.com"), ("hxxps://example[.]com", data["indicator"])):
        (entry,) = CODEC.output(Call("url", {"url": given}), [report(**data)]).entries
        assert entry.scored is not None
        assert (entry.scored.value, entry.scored.fields["url"]) == (shown, shown)


def test_relationships_are_asked_for_in_the_same_request() -> None:
    (request,) = XsoarCodec(COMMANDS, More(relationships=True)).requests(Call("domain", {"domain": "a.example"}))
    assert request["params"]["relationships"] == ["resolutions", "subdomains", "communicating_files"]
    rows = {"resolutions": [{"type": "resolution", "ip": "2001:db8::1", "host": "a.example"}], "siblings": []}
    (entry,) = CODEC.output(
        Call("domain", {"domain": "a.example"}), [report(type="domain", indicator="a.example", relationships=rows)]
    ).entries
    assert entry.scored is not None
    assert entry.scored.relationships == (("resolves-to", "2001:db8::1", "IPv6"),)


def test_further_facts_are_asked_for_only_if_they_are_wanted() -> None:
    """Because a report that is cached without them is asked for again."""
    call = Call("ip", {"ip": "8.8.8.8"})
    assert "options" not in CODEC.requests(call)[0]
    (request,) = XsoarCodec(COMMANDS, More(facts=True)).requests(call)
    assert request["options"] == {"include": ["context"]}
    facts = {"asn": 64502, "owner": "Prairie Telecom", "country": "US"}
    (entry,) = CODEC.output(call, [report(type="ip", indicator="8.8.8.8", context=facts)]).entries
    assert entry.scored is not None
    assert entry.scored.fields["asn"] == "AS64502"
    assert (entry.scored.fields["as_owner"], entry.scored.fields["geo_country"]) == ("Prairie Telecom", "US")


def test_polling_asks_again_for_what_waits_and_for_nothing_else() -> None:
    found, waits, scan = (cases()[name].response for name in (outcome.FOUND, outcome.OUT_OF_QUOTA, outcome.PENDING))
    args = {"url": '["u1", "u2,u2", "u3"]', "polling": "true", "timeout_in_seconds": LONG_S, "private": "true"}
    output = CODEC.output(Call("vt-scan-url", args), [found, waits, scan])
    assert [entry.value for entry in output.entries] == ["u1"]
    assert output.poll is not None
    again = CODEC.requests(Call("vt-scan-url", output.poll.args))
    assert [request["action"] for request in again] == ["get_analysis", "scan_url"]
    assert again[0]["params"] == {"analysis_id": scan["data"]["analysis_id"], "private": True}
    assert again[1]["params"] == {"url": "u2,u2", "private": True}
    assert SCANS in output.poll.args


def test_nothing_is_polled_for_longer_than_it_may_take() -> None:
    waits = cases()[outcome.OUT_OF_QUOTA].response
    output = CODEC.output(Call("domain", {"domain": "a.example", "polling": "true"}), [waits])
    assert output.poll is None
    assert [entry.metric for entry in output.entries] == ["quota_error"]
