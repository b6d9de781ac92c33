"""VirusTotal does not know a new analysis at first: that does not end polling."""

from __future__ import annotations

import base64

import pytest

from tests.fake_clock import FakeClock
from vt_connectors.virustotal.http.transport import HttpRequest, HttpResponse
from vt_connectors.virustotal.identity import time_of_analysis

from .several import Played, Several, refused, said

SHA256, MD5 = "27" * 32, "0f" * 16


def _id(kind: str, began: int) -> str:
    if kind == "file":
        return base64.b64encode(f"{MD5}:{began}".encode()).decode()
    return {"url": "u-", "v2 file": "f-", "bare": ""}[kind] + f"{SHA256}-{began}"


def _unknown(request: HttpRequest) -> HttpResponse:
    return refused(404, "NotFoundError")


@pytest.mark.parametrize("kind", ["file", "url", "v2 file", "bare"])
@pytest.mark.parametrize("cache", ["default", "refresh", "off"])
def test_an_analysis_that_is_not_known_yet_is_pending_and_later_not_found(kind: str, cache: str) -> None:
    clock = FakeClock()
    core = Several("memory").core(Played(_unknown), clock=clock)
    document = {
        "action": "get_analysis",
        "params": {"analysis_id": _id(kind, int(clock.now()))},
        "options": {"cache": cache},
    }
    first = core.answer(document)
    assert (first["status"], first["data"]["analysis_status"]) == ("pending", "queued")
    assert first["data"]["analysis_id"] == document["params"]["analysis_id"]  # type: ignore[index]
    assert first["meta"]["poll_after_s"] > 0
    clock.advance(300)
    assert core.answer(document)["status"] == "pending"
    clock.advance(301)
    assert core.answer(document)["status"] == "not_found"


@pytest.mark.parametrize("analysis_id", ["12345", "u-1", _id("file", 1_500_000_000), _id("url", 1_500_000_000)])
def test_an_old_or_unreadable_id_is_not_found_at_once(analysis_id: str) -> None:
    core = Several("memory").core(Played(_unknown), clock=FakeClock())
    answer = core.answer({"action": "get_analysis", "params": {"analysis_id": analysis_id}})
    assert answer["status"] == "not_found"


def test_a_loop_that_polls_goes_on_until_the_scan_is_over() -> None:
    clock = FakeClock()
    analysis_id = _id("url", int(clock.now()))
    attributes = {"status": "completed", "date": int(clock.now()), "stats": {"malicious": 4, "undetected": 60}}
    done = said({"data": {"type": "analysis", "id": analysis_id, "attributes": attributes}})
    unknown = refused(404, "NotFoundError")
    answers = iter([unknown, unknown, done])
    core = Several("memory").core(Played(lambda request: next(answers)), clock=clock)
    document = {"action": "get_analysis", "params": {"analysis_id": analysis_id}}
    polls = 1
    while (answer := core.answer(document))["status"] == "pending":
        clock.advance(answer["meta"]["poll_after_s"])
        polls += 1
    assert (answer["status"], polls) == ("ok", 3)


@pytest.mark.parametrize("kind", ["file", "url", "v2 file", "bare"])
def test_the_time_in_an_id(kind: str) -> None:
    assert time_of_analysis(_id(kind, 1_700_000_000)) == 1_700_000_000


_TIMELESS = ["", "u-", "-1700000000", SHA256, f"{SHA256}-x", "\ud800", base64.b64encode(b"\xff:1").decode()]


@pytest.mark.parametrize("text", _TIMELESS)
def test_what_has_no_time_in_it(text: str) -> None:
    assert time_of_analysis(text) is None
