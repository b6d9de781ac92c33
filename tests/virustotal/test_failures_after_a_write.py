"""A failure after a write was sent is never reported as a write that was not sent."""

from __future__ import annotations

import base64
import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable

import pytest
import urllib3

from tests.actions.several import said
from tests.fake_clock import FakeClock
from tests.responses import error_of
from tests.scripted_server import ScriptedServer
from vt_connectors.api_key import ApiKey
from vt_connectors.cache import AnswerCache
from vt_connectors.clock import SystemClock
from vt_connectors.composition.core import build
from vt_connectors.config.settings import settings_from
from vt_connectors.core import Core
from vt_connectors.errors import ConfigError, Unavailable
from vt_connectors.virustotal.http.transport import HttpRequest, HttpResponse, NotSent

from .house import COMMENT, COMMENTED, HASH, LOOKUP, SECRET, core_at

CONTENT = b"a file that nobody has seen\n"
MD5 = hashlib.md5(CONTENT).hexdigest()
ANALYSIS_ID = base64.b64encode(f"{MD5}:1700000000".encode()).decode()
URL = "http://unknown.example/"
URL_ANALYSIS_ID = f"u-{hashlib.sha256(URL.encode()).hexdigest()}-1700000000"
SCAN_FILE = {"action": "scan_file", "params": {"content_base64": base64.b64encode(CONTENT).decode()}}
SCAN_URL = {"action": "scan_url", "params": {"url": URL}}
SCAN_IF_MISSING = {"action": "lookup_url", "params": {"url": URL, "scan_if_missing": True}}
RESCAN = {"action": "rescan_file", "params": {"hash": MD5}}
WRITES: list[dict[str, Any]] = [COMMENT, SCAN_FILE, SCAN_URL, SCAN_IF_MISSING, RESCAN]

Send = Callable[[HttpRequest], HttpResponse]


class Sent:
    """A way to VirusTotal. It answers what is read as unknown, and does with what is written as `write` says."""

    def __init__(self, write: Send) -> None:
        self._write = write
        self.writes = 0

    def send(self, request: HttpRequest) -> HttpResponse:
        if request.method == "GET":
            request.sending()
            return said({"error": {"code": "NotFoundError", "message": "not found"}}, 404)
        self.writes += 1
        return self._write(request)


def core_over(transport: Sent, state: str = "memory") -> Core:
    settings = settings_from({"VT_STATE": state, "VT_QUOTA": "none"})
    return build(settings, lambda: ApiKey(SECRET), SystemClock(), lambda _: transport)


def name_of(document: dict[str, Any]) -> str:
    return str(document["action"])


def fails_once_it_is_sent(failure: Exception) -> Send:
    def write(request: HttpRequest) -> HttpResponse:
        request.sending()
        raise failure

    return write


def accepts(request: HttpRequest) -> HttpResponse:
    request.sending()
    if request.url.endswith("/comments"):
        return said({"data": {"type": "comment", "id": f"f-{HASH}-01234567"}})
    analysis_id = URL_ANALYSIS_ID if request.url.endswith("/urls") else ANALYSIS_ID
    return said({"data": {"type": "analysis", "id": analysis_id}})


@pytest.mark.parametrize("failure", [AttributeError("read1"), MemoryError()], ids=repr)
@pytest.mark.parametrize("document", WRITES, ids=name_of)
def test_a_failure_of_a_library_after_the_first_byte_is_outcome_unknown(
    document: dict[str, Any], failure: Exception
) -> None:
    transport = Sent(fails_once_it_is_sent(failure))
    error = error_of(core_over(transport).answer(document))
    assert (error["code"], error["retryable"], transport.writes) == ("outcome_unknown", False, 1)
    assert "read1" not in error["message"]


@pytest.mark.parametrize("document", WRITES, ids=name_of)
def test_a_failure_before_the_first_byte_says_that_nothing_happened(document: dict[str, Any]) -> None:
    def write(request: HttpRequest) -> HttpResponse:
        raise AttributeError("before it was sent")

    assert error_of(core_over(Sent(write)).answer(document))["code"] == "internal"


def test_a_write_that_was_never_sent_may_be_repeated() -> None:
    def write(request: HttpRequest) -> HttpResponse:
        request.sending()
        raise NotSent("no connection could be made")

    error = error_of(core_over(Sent(write)).answer(COMMENT))
    assert (error["code"], error["retryable"]) == ("unavailable", True)


def test_a_refusal_by_virustotal_is_reported_despite_later_failures() -> None:
    def write(request: HttpRequest) -> HttpResponse:
        request.sending()
        return said({"error": {"code": "ForbiddenError", "message": "no"}}, 403)

    assert error_of(core_over(Sent(write)).answer(COMMENT))["code"] == "forbidden"


@pytest.mark.parametrize("failure", [RuntimeError("a bug"), ConfigError("the state is gone"), Unavailable("no state")])
@pytest.mark.parametrize("document", [COMMENT, SCAN_FILE, SCAN_URL, RESCAN], ids=name_of)
def test_a_failure_of_our_own_after_virustotals_answer_is_outcome_unknown(
    document: dict[str, Any], failure: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    transport = Sent(accepts)
    core = core_over(transport)

    def fails(*_: object) -> None:
        raise failure

    monkeypatch.setattr(AnswerCache, "forget", fails)
    monkeypatch.setattr(AnswerCache, "peek", lambda *_: None if not transport.writes else fails())
    error = error_of(core.answer(document))
    assert (error["code"], error["retryable"], transport.writes) == ("outcome_unknown", False, 1)


def test_all_callers_of_the_same_comment_get_outcome_unknown() -> None:
    is_sent, go_on = threading.Event(), threading.Event()

    def write(request: HttpRequest) -> HttpResponse:
        request.sending()
        is_sent.set()
        assert go_on.wait(30)
        raise AttributeError("read1")

    transport = Sent(write)
    core = core_over(transport)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(core.answer, COMMENT)
        assert is_sent.wait(30)
        rest = [pool.submit(core.answer, COMMENT) for _ in range(3)]
        threading.Timer(1.0, go_on.set).start()
        codes = [error_of(future.result())["code"] for future in [first, *rest]]
    assert codes == ["outcome_unknown"] * 4
    assert transport.writes == 1


def test_a_comment_whose_response_the_library_cannot_read_is_outcome_unknown(
    server: ScriptedServer, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lacks(*_: object, **__: object) -> bytes:
        raise AttributeError("'HTTPResponse' object has no attribute 'read1'")

    for name in ("read", "read1"):
        monkeypatch.setattr(urllib3.HTTPResponse, name, lacks, raising=False)
    server.script(COMMENTED)
    core = core_at(server.url, clock)
    assert error_of(core.answer(COMMENT))["code"] == "outcome_unknown"
    assert [request.method for request in server.received] == ["POST"]
    assert error_of(core.answer(LOOKUP))["code"] == "internal"
