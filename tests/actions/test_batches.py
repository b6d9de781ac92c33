"""Equal indicators share a request, at the same moment and in a batch, in all cache modes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.watched_clock import WatchedClock
from vt_connectors.actions.request_batch import BatchAnswers
from vt_connectors.core import Core
from vt_connectors.virustotal.http.transport import HttpRequest

from .several import Played, Several, file_object, refused, said

SHA256 = "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"
SPELLINGS = [SHA256, SHA256.upper(), f" {SHA256} "]
CALLERS = 8


class SetClock(WatchedClock):
    """The machine's, after someone has set it."""

    shift_s = 0.0

    def now(self) -> float:
        return super().now() + self.shift_s


def virustotal(*, holds: bool = False) -> Played:
    """Its answers are numbered by how many engines object."""
    count = iter(range(1, 1000))
    return Played(lambda request: said({"data": file_object(request.url[-64:], next(count))}), holds=holds)


def lookup(value: str = SHA256, **options: Any) -> dict[str, Any]:
    return {"action": "lookup_hash", "params": {"hash": value}, "options": options}


def reported(answer: Mapping[str, Any]) -> tuple[str, int]:
    return answer["meta"]["source"], answer["data"]["stats"]["malicious"]


@pytest.mark.parametrize("modes", [["off"], ["refresh"], ["off", "refresh", "default"], ["default", "off"]])
def test_threads_of_a_process_share_requests_in_flight(several: Several, modes: list[str]) -> None:
    played, clock = virustotal(holds=True), WatchedClock()
    core = several.core(played, clock=clock)
    with ThreadPoolExecutor(CALLERS) as pool:
        first = pool.submit(core.answer, lookup(cache=modes[0]))
        assert played.is_asked.wait(60)
        rest = [
            pool.submit(core.answer, lookup(SPELLINGS[number % 3], cache=modes[number % len(modes)]))
            for number in range(1, CALLERS)
        ]
        clock.until_waiting(threads=len(rest))
        played.go_on.set()
        answers = [reported(future.result()) for future in [first, *rest]]
    assert answers == [("api", 1)] + [("shared", 1)] * (CALLERS - 1)
    assert len(played.asked) == 1


def test_processes_that_refresh_share_requests_in_flight(several: Several) -> None:
    played, clock = virustotal(holds=True), WatchedClock()
    cores = [several.core(played, clock=clock) for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(cores[0].answer, lookup(cache="refresh"))
        assert played.is_asked.wait(60)
        rest = [pool.submit(core.answer, lookup(cache="refresh")) for core in cores[1:]]
        clock.until_waiting(threads=len(rest))
        played.go_on.set()
        answers = [reported(future.result()) for future in [first, *rest]]
    assert answers == [("api", 1), ("shared", 1), ("shared", 1)]


@pytest.mark.parametrize("mode", ["refresh", "off"])
@pytest.mark.parametrize("shift_s", [-86400.0, -1.0, 1.0, 86400.0])
@pytest.mark.parametrize("before", [True, False], ids=["before the answer", "after it"])
def test_refreshes_share_a_request_although_the_clock_is_set(
    mode: str, shift_s: float, before: bool, tmp_path: Path
) -> None:
    several, clock, played = Several(str(tmp_path / "state.db")), SetClock(), virustotal(holds=True)
    cores = [several.core(played, clock=clock) for _ in range(3)]
    cores[0].answer({"action": "lookup_ip", "params": {"ip": "10.0.0.1"}})
    callers = cores if mode == "refresh" else cores[:1] * 3
    with ThreadPoolExecutor(3) as pool:
        futures = [pool.submit(callers[0].answer, lookup(cache=mode))]
        assert played.is_asked.wait(60)
        futures += [pool.submit(core.answer, lookup(cache=mode)) for core in callers[1:]]
        clock.until_waiting(threads=2)
        if before:
            clock.shift_s = shift_s
            played.go_on.set()
        else:
            played.go_on.set()
            futures[0].result()
            clock.shift_s = shift_s
        answers = [reported(future.result()) for future in futures]
    assert answers == [("api", 1), ("shared", 1), ("shared", 1)]


def test_a_refresh_takes_no_answer_from_before_though_the_clock_was_set_back(several: Several) -> None:
    clock, played = SetClock(), virustotal()
    core, other = several.core(played, clock=clock), several.core(played, clock=clock)
    wanted = lookup(include=["raw"])
    assert reported(core.answer(wanted)) == ("api", 1)
    refresh = lookup(include=["raw"], cache="refresh")
    clock.shift_s = -3600.0
    assert reported(other.answer(refresh)) == ("api", 2)
    assert reported(core.answer(refresh)) == ("api", 3)


def test_threads_of_a_batch_ask_once_whenever_they_come(tmp_path: Path) -> None:
    played = virustotal()
    core = Several(str(tmp_path / "state.db")).core(played)
    for number in range(20):
        value = f"{number:064x}"
        batch = core.within(BatchAnswers())
        asked = [lookup(spelt, cache=mode) for spelt in (value, value.upper()) for mode in ("off", "refresh")] * 3
        with ThreadPoolExecutor(CALLERS) as pool:
            answers = [reported(answer) for answer in pool.map(batch.answer, asked)]
        assert Counter(source for source, _ in answers) == {"api": 1, "shared": len(asked) - 1}
    assert len(played.asked) == 20


def test_an_expired_answer_is_requested_again(several: Several) -> None:
    played = virustotal()
    core = several.core(played)
    assert [reported(core.answer(lookup(cache="off"))) for _ in range(2)] == [("api", 1), ("api", 2)]
    assert [reported(core.answer(lookup(cache="refresh"))) for _ in range(2)] == [("api", 3), ("api", 4)]
    assert reported(core.answer(lookup())) == ("cache", 4)


@pytest.mark.parametrize("mode", ["off", "refresh", "default"])
def test_a_batch_asks_for_equal_indicators_once(several: Several, mode: str) -> None:
    played = virustotal()
    core = several.core(played).within(BatchAnswers())
    answers = [reported(core.answer(lookup(value, cache=mode))) for value in SPELLINGS * 2]
    assert answers == [("api", 1)] + [("cache" if mode == "default" else "shared", 1)] * 5
    assert reported(core.answer(lookup("0" * 64, cache=mode))) == ("api", 2)


def test_a_batch_with_each_kind_of_request_asks_once_and_keeps_what_may_be_kept(several: Several) -> None:
    played = virustotal()
    core = several.core(played)
    batch = core.within(BatchAnswers())
    modes = ("off", "default", "refresh", "off")
    assert [reported(batch.answer(lookup(cache=mode))) for mode in modes] == [("api", 1)] + [("shared", 1)] * 3
    assert reported(core.answer(lookup(cache="only"))) == ("cache", 1), "one of them had it kept"
    assert reported(core.within(BatchAnswers()).answer(lookup(cache="off"))) == ("api", 2), "another batch"


def test_with_off_alone_a_batch_keeps_nothing(several: Several) -> None:
    core = several.core(virustotal())
    batch = core.within(BatchAnswers())
    for _ in range(3):
        batch.answer(lookup(cache="off"))
    assert core.answer(lookup(cache="only"))["status"] == "skipped"
    assert core.context.cache.stats()["entries"] == 0


def test_what_a_batch_knows_in_part_is_asked_for_whole(several: Several) -> None:
    core = several.core(virustotal()).within(BatchAnswers())
    core.answer(lookup(cache="off"))
    assert reported(core.answer(lookup(cache="off", include=["raw"]))) == ("api", 2)
    whole = core.answer(lookup(cache="off"))
    assert reported(whole) == ("shared", 2)
    assert "raw" not in whole["data"]


def test_an_error_is_not_the_batchs(several: Several) -> None:
    answers = iter([refused(404, "NotFoundError"), refused(400, "BadRequestError")])
    played = Played(lambda _: next(answers, said({"data": file_object(SHA256)})))
    core = several.core(played).within(BatchAnswers())
    assert [core.answer(lookup("0" * 64, cache="off"))["status"] for _ in range(2)] == ["not_found"] * 2
    assert [core.answer(lookup(cache="off"))["status"] for _ in range(3)] == ["error", "ok", "ok"]
    assert len(played.asked) == 3


def test_what_was_written_makes_a_batchs_answer_outdated(several: Several) -> None:
    def say(request: HttpRequest) -> Any:
        if request.url.endswith("/analyse"):
            return said({"data": {"type": "analysis", "id": "opaque"}})
        if request.method == "POST":
            return said({"data": {"type": "comment", "id": f"f-{SHA256}-0123abcd"}})
        if "/comments" in request.url:
            return said({"data": []})
        return said({"data": file_object(SHA256)})

    played = Played(say)
    core: Core = several.core(played).within(BatchAnswers())
    comments = {"action": "get_comments", "params": {"indicator": SHA256}, "options": {"cache": "off"}}
    comment = {"action": "add_comment", "params": {"indicator": SHA256, "comment": "seen"}}
    rescan = {"action": "rescan_file", "params": {"hash": SHA256}}
    sources = [core.answer(each)["meta"]["source"] for each in (comments, comments, comment, comments)]
    assert sources == ["api", "shared", "api", "api"]
    wanted = lookup(cache="off")
    assert [core.answer(each)["meta"]["source"] for each in (wanted, rescan, wanted)] == ["api", "api", "api"]
