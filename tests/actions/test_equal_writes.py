"""Equal scans, rescans and comments at the same moment are one request, whichever process they come from."""

from __future__ import annotations

import base64
import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.responses import error_of
from tests.watched_clock import WatchedClock
from vt_connectors.actions.request_batch import BatchAnswers
from vt_connectors.contract.response import Response
from vt_connectors.core import Core
from vt_connectors.virustotal.http.transport import HttpRequest, HttpResponse, NoAnswerInTime

from .several import Played, Several, file_object, said

CONTENT = b"a file that nobody has seen\n"
SHA256, MD5 = hashlib.sha256(CONTENT).hexdigest(), hashlib.md5(CONTENT).hexdigest()
URL = "http://unknown.example/"
URL_ID = hashlib.sha256(URL.encode()).hexdigest()
ENCODED = base64.b64encode(CONTENT).decode()
CALLERS = 6

SCAN_FILE = ("scan_file", {"content_base64": ENCODED, "filename": "a.exe"}, {"content_base64": ENCODED})
SCAN_URL = ("scan_url", {"url": URL}, {"url": "hxxp://UNKNOWN[.]example"})
RESCAN = ("rescan_file", {"hash": SHA256}, {"hash": SHA256.upper()})
COMMENT = ("add_comment", {"indicator": SHA256, "comment": "seen"}, {"indicator": SHA256.upper(), "comment": "seen"})
WRITES = [SCAN_FILE, SCAN_URL, RESCAN, COMMENT]
Write = tuple[str, dict[str, Any], dict[str, Any]]


def name_of(write: Write) -> str:
    return write[0]


def say(request: HttpRequest) -> HttpResponse:
    if request.url.endswith("/comments"):
        return said({"data": {"type": "comment", "id": f"f-{SHA256}-0123abcd", "attributes": {"text": "seen"}}})
    if request.method == "GET":
        return said({"data": file_object(SHA256, md5=MD5)})
    if request.url.endswith("/urls"):
        return said({"data": {"type": "analysis", "id": f"u-{URL_ID}-1700000000"}})
    made_of = base64.b64encode(f"{MD5}:1700000000".encode()).decode()
    return said({"data": {"type": "analysis", "id": made_of}})


def document(action: str, params: dict[str, Any], **options: Any) -> dict[str, Any]:
    return {"action": action, "params": params, "options": options}


def all_at_once(
    virustotal: Played, clock: WatchedClock, cores: list[Core], documents: list[dict[str, Any]]
) -> list[Response]:
    """The answers; VirusTotal responds when the others wait for the leader."""
    with ThreadPoolExecutor(len(cores)) as pool:
        first = pool.submit(cores[0].answer, documents[0])
        assert virustotal.is_asked.wait(60)
        rest = [pool.submit(core.answer, each) for core, each in zip(cores[1:], documents[1:])]
        clock.until_waiting(threads=len(rest))
        virustotal.go_on.set()
        return [future.result() for future in [first, *rest]]


@pytest.mark.parametrize("write", WRITES, ids=name_of)
@pytest.mark.parametrize("options", [{}, {"cache": "off"}], ids=["default", "off"])
def test_equal_writes_are_sent_once(several: Several, write: Write, options: dict[str, str]) -> None:
    action, params, same = write
    virustotal = Played(say, holds=True)
    clock = WatchedClock()
    cores = [several.core(virustotal, clock=clock) for _ in range(CALLERS)]
    documents = [document(action, params if number % 2 else same, **options) for number in range(CALLERS)]
    answers = all_at_once(virustotal, clock, cores, documents)
    assert len(virustotal.asked) == 1
    assert {answer["status"] for answer in answers} == {"ok" if action == "add_comment" else "pending"}
    assert [answer["meta"]["source"] for answer in answers] == ["api"] + ["shared"] * (CALLERS - 1)
    assert [answer["meta"]["requests"] for answer in answers] == [1] + [0] * (CALLERS - 1)
    reported = [answer["data"].get("analysis_id") or answer["data"]["comment_id"] for answer in answers]
    assert len(set(reported)) == 1
    later = cores[-1].answer(documents[0])
    assert (later["meta"]["source"], len(virustotal.asked)) == ("api", 2), "a later one is the caller's business"


@pytest.mark.parametrize("write", WRITES, ids=name_of)
def test_the_same_write_of_another_key_or_with_another_content_is_another_one(several: Several, write: Write) -> None:
    action, params, _ = write
    other = {
        "scan_file": {"content_base64": base64.b64encode(b"another").decode()},
        "scan_url": {"url": URL + "b"},
        "rescan_file": {"hash": "0" * 64},
        "add_comment": {"indicator": SHA256, "comment": "seen again"},
    }[action]
    virustotal = Played(say, holds=True)
    cores = [several.core(virustotal), several.core(virustotal, key="m" * 64), several.core(virustotal)]
    with ThreadPoolExecutor(3) as pool:
        answers = [
            pool.submit(core.answer, document(action, given)) for core, given in zip(cores, (params, params, other))
        ]
        while len(virustotal.asked) < 3:
            threading.Event().wait(0.01)
        virustotal.go_on.set()
        assert [answer.result()["meta"]["source"] for answer in answers].count("shared") == 0


def test_a_file_is_the_same_by_each_hash_that_is_known(several: Several) -> None:
    virustotal = Played(say, holds=True)
    virustotal.go_on.set()
    clock = WatchedClock()
    core = several.core(virustotal, clock=clock)
    assert core.answer(document("lookup_hash", {"hash": MD5}))["status"] == "ok"
    virustotal.asked.clear()
    virustotal.is_asked.clear()
    virustotal.go_on.clear()
    answers = all_at_once(
        virustotal,
        clock,
        [core, several.core(virustotal, clock=clock)],
        [document("rescan_file", {"hash": MD5}), document("rescan_file", {"hash": SHA256})],
    )
    assert [answer["meta"]["source"] for answer in answers] == ["api", "shared"]


def lost(request: HttpRequest) -> HttpResponse:
    raise NoAnswerInTime("nothing came")


@pytest.mark.parametrize("write", WRITES, ids=name_of)
def test_a_write_whose_answer_was_lost_is_outcome_unknown_for_all_and_not_repeated(
    several: Several, write: Write
) -> None:
    action, params, same = write
    virustotal = Played(lost, holds=True)
    clock = WatchedClock()
    cores = [several.core(virustotal, clock=clock) for _ in range(CALLERS)]
    documents = [document(action, params if number % 2 else same) for number in range(CALLERS)]
    answers = all_at_once(virustotal, clock, cores, documents)
    assert len(virustotal.asked) == 1
    assert {error_of(answer)["code"] for answer in answers} == {"outcome_unknown"}


def test_a_url_that_all_miss_is_submitted_once_though_its_answer_was_lost(several: Several) -> None:
    submitted, go_on = threading.Event(), threading.Event()

    def answer(request: HttpRequest) -> HttpResponse:
        if request.method == "GET":
            return said({"error": {"code": "NotFoundError", "message": "no"}}, 404)
        submitted.set()
        assert go_on.wait(90)
        return lost(request)

    virustotal = Played(answer)
    clock = WatchedClock()
    cores = [several.core(virustotal, clock=clock) for _ in range(CALLERS)]
    missing = document("lookup_url", {"url": URL, "scan_if_missing": True})
    with ThreadPoolExecutor(CALLERS) as pool:
        first = pool.submit(cores[0].answer, missing)
        assert submitted.wait(60)
        rest = [pool.submit(core.answer, missing) for core in cores[1:]]
        clock.until_waiting(threads=len(rest))
        go_on.set()
        answers = [future.result() for future in [first, *rest]]
    assert {error_of(answer)["code"] for answer in answers} == {"outcome_unknown"}
    assert [request.method for request in virustotal.asked] == ["GET", "POST"]


@pytest.mark.parametrize("write", WRITES, ids=name_of)
@pytest.mark.parametrize("options", [{}, {"cache": "off"}, {"cache": "refresh"}], ids=["default", "off", "refresh"])
def test_equal_writes_of_a_batch_are_sent_once_and_say_so(write: Write, options: dict[str, str]) -> None:
    action, params, same = write
    virustotal = Played(say)
    core = Several("memory").core(virustotal)
    batch = core.within(BatchAnswers())
    answers = [batch.answer(document(action, each, **options)) for each in (params, same, params)]
    assert len(virustotal.asked) == 1
    assert [answer["meta"]["source"] for answer in answers] == ["api", "shared", "shared"]
    assert [answer["meta"]["requests"] for answer in answers] == [1, 0, 0]
    assert ["sent once" in answer["summary"] for answer in answers] == [False, True, True]
    assert len({answer["data"].get("analysis_id") or answer["data"]["comment_id"] for answer in answers}) == 1
    assert core.within(BatchAnswers()).answer(document(action, params, **options))["meta"]["source"] == "api"
    assert len(virustotal.asked) == 2


@pytest.mark.parametrize("write", WRITES, ids=name_of)
def test_a_write_whose_answer_was_lost_is_not_repeated_by_its_batch(write: Write) -> None:
    action, params, same = write
    virustotal = Played(lost)
    batch = Several("memory").core(virustotal).within(BatchAnswers())
    answers = [batch.answer(document(action, each)) for each in (params, same, params)]
    assert [error_of(answer)["code"] for answer in answers] == ["outcome_unknown"] * 3
    assert len(virustotal.asked) == 1


def test_a_write_of_a_batch_that_was_refused_may_be_repeated() -> None:
    answers = iter([said({"error": {"code": "TransientError", "message": "later"}}, 503)])
    virustotal = Played(lambda request: next(answers, None) or say(request))
    batch = Several("memory").core(virustotal).within(BatchAnswers())
    found = [batch.answer(document(*COMMENT[:2])) for _ in range(3)]
    assert [answer["status"] for answer in found] == ["error", "ok", "ok"]
    assert len(virustotal.asked) == 2


def test_a_batchs_equal_writes_of_two_keys_are_two() -> None:
    virustotal = Played(say)
    batch = Several("memory").core(virustotal).within(BatchAnswers())
    for key in ("m" * 64, "n" * 64):
        assert batch.answer({**document(*COMMENT[:2]), "auth": {"api_key": key}})["meta"]["source"] == "api"
    assert len(virustotal.asked) == 2
