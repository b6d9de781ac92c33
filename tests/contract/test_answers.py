"""Whatever document comes in, one valid response goes out."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fake_clock import FakeClock
from tests.responses import error_of
from vt_connectors.actions import ACTIONS
from vt_connectors.api_key import ApiKey
from vt_connectors.composition.core import build
from vt_connectors.config.settings import settings_from
from vt_connectors.contract.validation import violation
from vt_connectors.core import Core
from vt_connectors.errors import InvalidRequest
from vt_connectors.virustotal.http.transport import HttpRequest, HttpResponse

# How long a document takes to make and to check is not tested.
on_a_busy_machine = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
_HASH = "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"
_SECRET = "5ec2e7" * 10


class _Refusing:
    """VirusTotal as it is to those whose value it does not know."""

    def __init__(self) -> None:
        self.requests: list[HttpRequest] = []

    def send(self, request: HttpRequest) -> HttpResponse:
        self.requests.append(request)
        return HttpResponse(404, {}, b'{"error": {"code": "NotFoundError", "message": "not found"}}')


def _core(transport: _Refusing | None = None, version: str = "3") -> Core:
    settings = settings_from({"VT_STATE": "memory", "VT_QUOTA": "none", "VT_API_VERSION": version})
    return build(settings, lambda: ApiKey(_SECRET), FakeClock(), lambda key: transport or _Refusing())


_ANY: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
_VALUES = st.sampled_from([_HASH, "example.com", "8.8.8.8", "10.0.0.1", "http://example.com/?a", "..", ""]) | _ANY
_PARAMS = st.dictionaries(
    st.sampled_from(["hash", "url", "domain", "ip", "indicator", "type", "comment", "x"]), _VALUES, max_size=3
)
_OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "cache": st.sampled_from(["default", "refresh", "only", "off"]) | _ANY,
        "max_age_s": st.integers(-1, 9) | _ANY,
        "max_wait_s": st.floats(-1, 9) | _ANY,
        "include": st.lists(st.sampled_from(["raw", "engines"]) | _ANY, max_size=2) | _ANY,
        "thresholds": st.dictionaries(st.sampled_from(["malicious", "suspicious"]), st.integers(-1, 9)) | _ANY,
        "x": _ANY,
    },
)
_DOCUMENTS = _ANY | st.fixed_dictionaries(
    {"action": st.sampled_from([*ACTIONS, "look", ""]) | _ANY, "params": _PARAMS | _ANY},
    optional={
        "v": st.sampled_from([1, 1.0, 2, "1"]) | _ANY,
        "id": _ANY,
        "options": _OPTIONS | _ANY,
        "auth": st.dictionaries(st.just("api_key"), _ANY) | _ANY,
        "x": _ANY,
    },
)


@on_a_busy_machine
@given(_DOCUMENTS)
def test_any_document_gets_one_valid_response(document: Any) -> None:
    response = _core().answer(document)
    assert violation("response.json", response) is None
    assert response["error"] is None or response["error"]["code"] != "internal"
    line = json.dumps(response, allow_nan=False)
    assert "\n" not in line
    assert json.loads(line) == response


def test_an_account_that_is_not_found_is_no_bug_of_ours() -> None:
    error = error_of(_core().answer({"action": "quota", "params": {}}))
    assert (error["code"], error["http_status"]) == ("invalid_response", 404)


def _request(**more: Any) -> dict[str, Any]:
    return {"action": "lookup_hash", "params": {"hash": _HASH}, **more}


@pytest.mark.parametrize("given_id", ["", "a", "\ud800", 0, -7, 1.5, 10**30])
def test_an_id_comes_back_as_it_is(given_id: Any) -> None:
    assert _core().answer(_request(id=given_id))["id"] == given_id
    assert _core().answer({"id": given_id})["id"] == given_id


@pytest.mark.parametrize("version", [0, 2, 99, -1])
def test_another_version_is_not_spoken(version: int) -> None:
    error = error_of(_core().answer(_request(v=version)))
    assert (error["code"], error["details"]) == ("unsupported_version", {"supported": [1]})


def test_an_action_that_does_not_exist_is_answered_with_those_that_do() -> None:
    response = _core().answer({"action": "lookup_mail", "params": {}})
    assert (response["action"], error_of(response)["code"]) == ("lookup_mail", "unknown_action")
    assert error_of(response)["details"]["actions"] == sorted(ACTIONS)


def test_unknown_keys_of_the_envelope_warn_and_do_no_harm(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "vt_connectors"):
        response = _core().answer(_request(colour="red"))
    assert response["status"] == "not_found"
    assert "'colour'" in caplog.text


@pytest.mark.parametrize(
    ("name", "value", "meant"),
    [("Cache", "only", "cache"), ("max_wait", 5, "max_wait_s"), ("maxAgeS", 60, "max_age_s"), ("speed", 9, None)],
)
def test_an_unknown_option_is_an_error_and_nothing_is_asked(name: str, value: object, meant: str | None) -> None:
    """`"Cache": "only"` must not have an indicator sent."""
    core = _core()
    error = error_of(core.answer(_request(options={name: value})))
    assert error["code"] == "invalid_request"
    assert error["details"]["path"].startswith("/options")
    assert f"unknown option {name!r}" in error["message"]
    assert f"did you mean {meant!r}?" in error["message"] or meant is None


def test_many_unknown_keys_make_one_short_line(caplog: pytest.LogCaptureFixture) -> None:
    unknown = {f"{number}{'x' * 100}\n": 1 for number in range(5000)}
    with caplog.at_level(logging.WARNING, "vt_connectors"):
        _core().answer(_request(**unknown))
    [record] = caplog.records
    assert len(record.getMessage()) < 1000
    assert "and 4990 more" in record.getMessage()
    assert "\n" not in record.getMessage()


@pytest.mark.parametrize(
    ("params", "path"),
    [
        ({"hahs": _HASH}, "/params/hahs"),
        ({"hash": _HASH, "wait": 3}, "/params/wait"),
        ({}, "/params/hash"),
        ({"hash": 5}, "/params/hash"),
        ({"hash": ""}, "/params/hash"),
    ],
)
def test_a_parameter_that_is_not_known_or_not_right_is_an_error_with_its_path(
    params: dict[str, Any], path: str
) -> None:
    transport = _Refusing()
    error = error_of(_core(transport).answer({"action": "lookup_hash", "params": params}))
    assert (error["code"], error["details"]["path"]) == (InvalidRequest.code, path)
    assert transport.requests == []


@pytest.mark.parametrize("place", ["id", "v", "params", "options", "auth", "hash"])
def test_what_is_nested_too_deep_to_be_shown_is_an_error_with_its_path(place: str) -> None:
    deep: list[Any] = []
    for _ in range(20_000):
        deep = [deep]
    document = {**_request(), "params": {"hash": deep}} if place == "hash" else _request(**{place: deep})
    error = error_of(_core().answer(document))
    path = "/params/hash" if place == "hash" else f"/{place}"
    assert (error["code"], error["details"]) == ("invalid_request", {"path": path, "violations": []})


@pytest.mark.parametrize("version", ["3", "2"])
def test_a_comment_with_half_a_character_is_an_error_with_its_path_and_nothing_is_sent(version: str) -> None:
    transport = _Refusing()
    params = {"indicator": _HASH, "comment": "half \ud83d"}
    error = error_of(_core(transport, version).answer({"action": "add_comment", "params": params}))
    assert (error["code"], error["details"]) == ("invalid_request", {"path": "/params/comment"})
    assert transport.requests == []


@pytest.mark.parametrize(
    ("action", "params"), [("scan_file", {"content_base64": "eA=="}), ("scan_url", {"url": "http://example.com/"})]
)
def test_a_scan_that_is_not_found_is_no_bug_of_ours(action: str, params: dict[str, Any]) -> None:
    error = error_of(_core().answer({"action": action, "params": params}))
    assert (error["code"], error["http_status"]) == ("invalid_response", 404)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_wait_that_is_no_number_is_an_error_with_its_path(number: float) -> None:
    error = error_of(_core().answer(_request(options={"max_wait_s": number})))
    assert (error["code"], error["details"]["path"]) == ("invalid_request", "/options/max_wait_s")


@pytest.mark.parametrize(
    "auth", [_SECRET, {"api_key": [_SECRET]}, {"api_key": _SECRET * 9}, {"api_key": f"{_SECRET}\nx"}, [_SECRET]]
)
def test_a_key_in_the_wrong_place_or_form_is_not_repeated(auth: Any) -> None:
    response = _core().answer(_request(auth=auth))
    assert response["status"] == "error"
    assert _SECRET not in json.dumps(response)


@pytest.mark.parametrize("text", ["../users/me", "a" * 31, "http://example.com/", "\x1b[2J", "10.0.0.1"])
def test_a_value_that_is_none_is_an_invalid_indicator_and_nobody_is_asked(text: str) -> None:
    transport = _Refusing()
    error = error_of(_core(transport).answer({"action": "lookup_hash", "params": {"hash": text}}))
    assert error["code"] == "invalid_indicator"
    assert error["message"].isprintable()
    assert transport.requests == []


@pytest.mark.parametrize("text", ["http://intranet/plans", "http://10.1/", "https://wiki.corp.internal/?token=x"])
@pytest.mark.parametrize("action", ["lookup_url", "add_comment"])
def test_what_must_not_leave_the_house_is_skipped_and_nobody_is_asked(text: str, action: str) -> None:
    transport = _Refusing()
    params = {"url": text} if action == "lookup_url" else {"indicator": text, "comment": "ours"}
    response = _core(transport).answer({"action": action, "params": params})
    assert (response["status"], response["meta"]["requests"]) == ("skipped", 0)
    assert transport.requests == []


_MISPLACED = ["Auth", "AUTH", "apikey", "api_key", "x-apikey", "Authorization", "VT_API_KEY"]


@pytest.mark.parametrize(
    "more",
    [
        {"auth": {}},
        {"auth": None},
        {"auth": []},
        {"auth": ""},
        *({"auth": {"api_key": key}} for key in ("", "  ", None)),
        *({"auth": {name: _SECRET}} for name in ("apikey", "key", "API_KEY", "api-key", "x-apikey")),
        {"auth": {"api_key": _SECRET, "apikey": "other"}},
        *({name: {"api_key": _SECRET}} for name in _MISPLACED),
        *({name: _SECRET} for name in _MISPLACED),
        {"options": {"api_key": _SECRET}},
        {"auht": {"api_key": _SECRET}},
        {"params": {"hash": "f" * 32, "api_key": _SECRET}},
    ],
    ids=str,
)
def test_a_key_that_is_not_understood_never_means_the_default_one(more: dict[str, Any]) -> None:
    transport = _Refusing()
    response = _core(transport).answer({**_request(), **more})
    assert error_of(response)["code"] == "invalid_request"
    assert transport.requests == []
    assert _SECRET not in json.dumps(response)
