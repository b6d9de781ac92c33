"""`null` for something optional is the same as leaving it out."""

from __future__ import annotations

from typing import Any

import pytest

from tests.actions.several import Played, Several, file_object, said
from tests.responses import error_of
from vt_connectors.actions import ACTIONS
from vt_connectors.contract.documents import Options, read_request
from vt_connectors.contract.validation import schema, violation
from vt_connectors.errors import InvalidRequest
from vt_connectors.virustotal.http.transport import HttpRequest, HttpResponse

HASH = "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"
OPTIONS = schema("request.json")["properties"]["options"]["properties"]


def _document(**changes: Any) -> dict[str, Any]:
    return {"action": "lookup_hash", "params": {"hash": HASH}, **changes}


@pytest.mark.parametrize("name", ["v", "id", "options"])
def test_null_in_the_envelope_is_left_out(name: str) -> None:
    assert read_request(_document(**{name: None})) == read_request(_document())


@pytest.mark.parametrize("name", OPTIONS)
def test_null_for_an_option_is_left_out(name: str) -> None:
    assert read_request(_document(options={name: None})).options == Options()


def test_null_for_a_threshold_is_left_out() -> None:
    options = read_request(_document(options={"thresholds": {"malicious": None, "suspicious": 2}})).options
    assert options.thresholds == {"suspicious": 2}


@pytest.mark.parametrize("action", ACTIONS.values(), ids=lambda action: action.name)
def test_null_for_every_optional_parameter_is_left_out(action: Any) -> None:
    optional = set(action.params_schema["properties"]) - set(action.params_schema["required"]) - set(action.example)
    # Without a value, it would make a file public.
    optional -= {"private"}
    document = {"action": action.name, "params": {**action.example, **dict.fromkeys(optional)}}
    assert violation(f"actions/{action.name}.json", document["params"]) is None
    request = read_request(document)
    action.check(request.params)
    assert request.params == dict(action.example)


@pytest.mark.parametrize("action", ACTIONS.values(), ids=lambda action: action.name)
def test_null_for_what_is_required_is_refused(action: Any) -> None:
    for name in action.params_schema["required"]:
        request = read_request({"action": action.name, "params": {**action.example, name: None}})
        with pytest.raises(InvalidRequest) as refused:
            action.check(request.params)
        assert refused.value.details["path"] == f"/params/{name}"


@pytest.mark.parametrize("auth", [None, {"api_key": None}])
def test_null_for_a_key_is_refused_as_it_may_be_a_secret_that_was_not_found(auth: Any) -> None:
    with pytest.raises(InvalidRequest):
        read_request(_document(auth=auth))


def test_a_request_with_nulls_is_answered_as_one_without() -> None:
    def say(request: HttpRequest) -> HttpResponse:
        return said({"data": file_object(HASH)})

    core = Several("memory").core(Played(say))
    answer = core.answer(_document(v=None, id=None, options={"cache": None, "include": None, "max_wait_s": None}))
    assert (answer["status"], answer["id"]) == ("ok", None)


def test_null_does_not_make_a_name_known() -> None:
    """A misspelt parameter must not pass because it is empty this time."""
    played = Played(lambda request: said({"data": file_object(HASH)}))
    core = Several("memory").core(played)
    for params in ({"hash": HASH, "wait": None}, {"hash": HASH, "Hash": None}):
        error = error_of(core.answer(_document(params=params)))
        assert (error["code"], error["details"]["path"]) == ("invalid_request", f"/params/{list(params)[1]}")
    assert played.asked == []
