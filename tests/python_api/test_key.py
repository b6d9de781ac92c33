"""The key is nowhere but in the request."""

from __future__ import annotations

import logging
import traceback
from typing import Any, Callable

import pytest

from tests.python_api.conftest import Connect
from tests.vtaction_process import EICAR
from vt_connectors import AccessDenied, ConfigError, ConnectorError, VirusTotal, connect

SECRET = "wrong-5ecre7-5ecre7-5ecre7"
ACCEPTED = "acc3p73d-5ecre7-5ecre7"


ASK: dict[str, Callable[[VirusTotal], object]] = {
    "lookup": lambda vt: vt.lookup_hash(EICAR),
    "quota": lambda vt: vt.quota(),
    "comment": lambda vt: vt.add_comment(EICAR, "x"),
}


@pytest.mark.parametrize("ask", ASK)
def test_a_refused_key_is_in_no_error_and_no_log(
    at_sandbox: Connect, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], ask: str
) -> None:
    caplog.set_level(logging.DEBUG)
    vt = at_sandbox(api_key=SECRET)
    with pytest.raises(AccessDenied) as caught:
        ASK[ask](vt)
    error = caught.value
    assert "urllib3" in caplog.text, "the libraries have been heard"
    shown = [str(error), repr(error), str(error.to_dict()), caplog.text, *capfd.readouterr()]
    shown += traceback.format_exception(type(error), error, error.__traceback__)
    assert not any(SECRET in text for text in shown)
    assert error.__cause__ is None
    assert error.__context__ is None


def test_an_accepted_key_is_in_no_log_no_result_and_no_repr(
    at_sandbox: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    vt = at_sandbox(api_key=ACCEPTED)
    results: list[Any] = [vt.lookup_hash(EICAR, include=("raw",)), vt.quota()]
    results += vt.lookup_many(["8.8.8.8", "nonsense"])
    assert ACCEPTED not in "".join(map(repr, [vt, vars(vt), *results]))
    assert all(ACCEPTED not in str(result.to_dict()) for result in results[:2])
    assert "/api/v3/users/[key]/" in caplog.text
    assert ACCEPTED not in caplog.text


def test_a_malformed_key_is_not_repeated() -> None:
    for bad in ("5ecre7 with blanks", "5ecre7\n\n5ecre7", "5ecre7" * 100):
        with pytest.raises(ConnectorError) as caught:
            connect(bad)
        assert isinstance(caught.value, ConfigError)
        assert "5ecre7" not in str(caught.value.to_dict())
