"""The key is in no message, log, traceback or file."""

from __future__ import annotations

import json
import logging
import re
import traceback
from pathlib import Path

import pytest

import vt_connectors
from bench.soak.drill import KEY
from bench.soak.secrets_objects import holders
from tests.fake_clock import FakeClock
from tests.scripted_server import ScriptedServer, answer, json_answer, reset
from vt_connectors.adapters.cli import logs
from vt_connectors.api_key import ApiKey
from vt_connectors.composition.core import build
from vt_connectors.config.settings import settings_from
from vt_connectors.log import logger
from vt_connectors.redaction import remember
from vt_connectors.virustotal.http.requests_transport import RequestsTransport
from vt_connectors.virustotal.http.transport import HttpRequest, TransportFailure

from .house import COMMENT, LOOKUP, SECRET, core_at

# The one call whose address names the key.
_QUOTA = {"action": "quota", "params": {}}


@pytest.mark.parametrize(
    "step", [reset(), answer(500), answer(404, SECRET.encode()), json_answer(200, {"data": SECRET})]
)
def test_the_call_that_has_the_key_in_its_address_shows_it_nowhere(
    step: object,
    server: ScriptedServer,
    clock: FakeClock,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    server.script(step)  # type: ignore[arg-type]
    response = core_at(server.url, clock, tmp_path / "state.db").answer(_QUOTA)
    assert SECRET in server.received[0].target
    assert response["status"] == "error"
    assert SECRET not in json.dumps(response)
    assert not any(SECRET in record.getMessage() for record in caplog.records if not record.name.startswith("urllib3"))
    assert all(SECRET.encode() not in path.read_bytes() for path in tmp_path.iterdir())


def test_a_failures_traceback_does_not_name_the_key(server: ScriptedServer) -> None:
    server.script(reset())
    with pytest.raises(TransportFailure) as caught:
        RequestsTransport(ApiKey(SECRET), 5.0).send(HttpRequest("GET", f"{server.url}/api/v3/users/{SECRET}"))
    assert SECRET not in repr(caught.value)
    assert SECRET not in "".join(traceback.format_exception(caught.type, caught.value, caught.tb))


@pytest.mark.parametrize("version", ["3", "2"])
def test_only_the_key_object_contains_the_key_in_a_core(version: str, server: ScriptedServer, clock: FakeClock) -> None:
    core = build(settings_from({"VT_API_URL": server.url, "VT_API_VERSION": version}), _OfSettings(), clock)
    server.script(answer(401), reset())
    for request in (_QUOTA, LOOKUP, COMMENT):
        core.answer(request)
    assert holders(core) == []


class _OfSettings:
    def __call__(self) -> ApiKey:
        return ApiKey(KEY)


@pytest.mark.parametrize("as_json", [False, True])
def test_our_debug_log_does_not_enable_the_logs_of_libraries(
    as_json: bool, server: ScriptedServer, clock: FakeClock, capsys: pytest.CaptureFixture[str]
) -> None:
    ours = logging.getLogger("vt_connectors")
    before = ours.handlers[:], ours.level, ours.propagate
    try:
        logs.to_stderr("debug", as_json)
        remember(ApiKey(SECRET))
        server.script(reset())
        core_at(server.url, clock).answer(_QUOTA)
        ours.warning("here it is: %s", SECRET)
        assert not logging.getLogger("urllib3.connectionpool").isEnabledFor(logging.DEBUG)
    finally:
        ours.handlers[:], ours.level, ours.propagate = before
    said = capsys.readouterr().err
    assert "trying again" in said
    assert "urllib3" not in said
    assert SECRET not in said


def test_in_another_programs_logs_the_lines_of_libraries_have_no_key(
    server: ScriptedServer, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    remember(ApiKey(SECRET))
    server.script(reset(), answer(500))
    core_at(server.url, clock).answer(_QUOTA)
    try:
        raise ValueError(SECRET)
    except ValueError:
        logging.getLogger("vt_connectors.core").exception("a bug with %s", SECRET)
    assert "/api/v3/users/[key]/" in caplog.text
    assert "ValueError: [key]" in caplog.text
    assert SECRET not in caplog.text


_SOURCES = Path(vt_connectors.__file__).parent
_LOGGERS = {
    f"vt_connectors.{name}"
    for path in _SOURCES.rglob("*.py")
    for name in re.findall(r'^_LOG = logger\("([\w.]+)"\)', path.read_text("utf-8"), re.MULTILINE)
}


def test_there_are_loggers_to_look_for() -> None:
    assert {"vt_connectors.core", "vt_connectors.virustotal"} <= _LOGGERS


@pytest.mark.parametrize("name", sorted(_LOGGERS))
def test_no_logger_of_ours_writes_the_key(name: str, caplog: pytest.LogCaptureFixture) -> None:
    remember(ApiKey(SECRET))
    logger(name[len("vt_connectors.") :]).warning("here it is: %s", SECRET)
    assert "here it is: [key]" in caplog.text
    assert SECRET not in caplog.text
