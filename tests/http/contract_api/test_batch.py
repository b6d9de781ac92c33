"""`POST /v1/batch`."""

from __future__ import annotations

import contextlib
import io
import json
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Callable

import pytest

from tests.http.serving import EVERYTHING, READER, Serving, serving
from vt_connectors.adapters.http.callers import RIGHTS, Caller
from vt_connectors.adapters.http.contract_api.batch import AT_ONCE, Batches, bounded, documents_in
from vt_connectors.adapters.http.cores import Cores
from vt_connectors.adapters.http.execution import Execution
from vt_connectors.adapters.http.listening import Limits
from vt_connectors.adapters.http.messages import Call, Note, Refused
from vt_connectors.adapters.http.waiting_places import WaitingPlaces
from vt_connectors.clock import SystemClock
from vt_connectors.sandbox import Quota, SandboxServer

NDJSON = {"Content-Type": "application/x-ndjson"}
CALLER = Caller("batcher", frozenset(RIGHTS))


def _line(number: int, value: str, **options: Any) -> str:
    return json.dumps({"id": number, "action": "lookup", "params": {"value": value}, "options": options}) + "\n"


def _address(number: int) -> str:
    return f"8.8.{number // 250 + 1}.{number % 250 + 1}"


def _lines(count: int, **options: Any) -> str:
    return "".join(_line(number, _address(number), **options) for number in range(count))


def _batch(server: Serving, body: str, token: str = EVERYTHING) -> list[Any]:
    reply = server.call("POST", "/v1/batch", token, NDJSON, data=body)
    assert (reply.status_code, reply.headers["Content-Type"]) == (200, "application/x-ndjson"), reply.text
    return [json.loads(line) for line in reply.text.splitlines()]


class Desk:
    """Batches without HTTP, so that a test can take line after line."""

    def __init__(self, clock: SystemClock, cores: Cores, threads: int, most: int) -> None:
        self.clock = clock
        self.places = WaitingPlaces(threads)
        self.told: list[Note] = []
        tell: Callable[[Call, Caller, Note], None] = lambda call, caller, note: self.told.append(note)  # noqa: E731
        self.execution = Execution(cores, self.places)
        self.batches = Batches(self.execution, clock, most, tell)

    def lines(self, body: str, caller: Caller = CALLER) -> Iterator[Any]:
        """The responses, made as they are taken. Raises `Refused`."""
        raw = body.encode()
        headers = {"content-type": "application/x-ndjson"}
        reply = self.batches.reply(Call("POST", "/v1/batch", "", headers, io.BytesIO(raw), len(raw), "1"), caller)
        assert isinstance(reply.body, Iterator)
        body_lines = reply.body
        with contextlib.closing(body_lines):  # type: ignore[type-var]
            yield from (json.loads(line) for line in body_lines)


@contextlib.contextmanager
def desk(folder: Path, threads: int = 4, most: int = 4, **settings: str) -> Iterator[tuple[Desk, SandboxServer]]:
    clock = SystemClock()
    with SandboxServer(Quota.unlimited()) as sandbox:
        environment = {"VT_API_URL": sandbox.url, "VT_API_KEY": "a-key", "VT_STATE": str(folder / "state.db")}
        cores = Cores({"VT_QUOTA": "none", **environment, **settings}, clock)
        yield Desk(clock, cores, threads, most), sandbox
        cores.close()


def test_each_line_is_answered_in_order_and_a_bad_one_by_its_number(tmp_path: Path) -> None:
    body = _line(1, "8.8.8.8") + "bad\n\n" + '{"id": 4, "action": "lookup"}\n' + _line(5, "9.9.9.9")
    with serving(tmp_path) as server:
        found = _batch(server, body)
    assert [response["id"] for response in found] == [1, None, 4, 5]
    assert [response["status"] for response in found] == ["ok", "error", "error", "ok"]
    assert found[1]["error"]["details"]["line"] == 2
    assert found[2]["error"]["details"]["path"] == "/params"


def test_equal_indicators_of_a_batch_cost_one_request_even_without_the_cache(tmp_path: Path) -> None:
    body = "".join(_line(number, "8.8.8.8", cache="off") for number in range(40))
    with serving(tmp_path) as server:
        found = _batch(server, body)
        assert len(server.sandbox.requests) == 1
    assert {response["meta"]["source"] for response in found} == {"api", "shared"}
    assert len(found) == 40


def test_the_last_line_needs_no_end_and_an_empty_batch_has_no_answers(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        assert [each["id"] for each in _batch(server, _line(1, "8.8.8.8").strip())] == [1]
        assert _batch(server, "") == _batch(server, "\n\r\n") == []


def test_an_array_is_a_batch_too(tmp_path: Path) -> None:
    body = f"[{_line(1, '8.8.8.8')},{_line(2, '9.9.9.9')}]"
    with serving(tmp_path) as server:
        reply = server.call("POST", "/v1/batch", headers={"Content-Type": "application/json"}, data=body)
    assert [json.loads(line)["id"] for line in reply.text.splitlines()] == [1, 2]


def test_a_day_without_quota_is_answered_at_once_and_from_the_cache_where_it_can(tmp_path: Path) -> None:
    with serving(tmp_path, quota="3/day") as server:
        server.run({"action": "lookup", "params": {"value": "9.9.9.9"}})
        found = _batch(server, _lines(30) + _line(99, "9.9.9.9"))
        assert len(server.sandbox.requests) == 3
    assert sum(each["status"] == "ok" for each in found) == 3
    refused = [each["error"] for each in found if each["error"] is not None]
    assert {error["code"] for error in refused} == {"rate_limited"}
    assert all(error["retry_after_s"] > 0 for error in refused)
    assert (found[-1]["id"], found[-1]["meta"]["source"]) == (99, "cache")


def test_rights_hold_for_each_line(tmp_path: Path) -> None:
    with desk(tmp_path) as (here, sandbox):
        found = list(here.lines(_line(1, "8.8.8.8"), Caller("nobody", frozenset())))
        assert sandbox.all_requests == []
    assert [each["error"]["code"] for each in found] == ["forbidden"]


def test_each_answered_line_is_told_with_its_indicator_and_cost(tmp_path: Path) -> None:
    with desk(tmp_path) as (here, _):
        list(here.lines(_line(1, "8.8.8.8") + "bad\n"))
        assert [(note.indicators, note.outcome, note.requests) for note in here.told] == [
            (("8.8.8.8",), "ok", 1),
            ((), "invalid_request", 0),
        ]


def test_no_more_is_asked_than_the_client_takes(tmp_path: Path) -> None:
    with desk(tmp_path) as (here, sandbox):
        lines = here.lines(_lines(300))
        for _ in range(3):
            next(lines)
        lines.close()  # type: ignore[attr-defined]
        assert len(sandbox.requests) <= 3 + 4 * AT_ONCE


def test_a_stop_answers_the_rest_as_cancelled(tmp_path: Path) -> None:
    with desk(tmp_path) as (here, sandbox):
        lines = here.lines(_lines(300))
        next(lines)
        here.clock.cancel()
        rest = list(lines)
        asked = len(sandbox.requests)
    assert len(rest) == 299
    assert [each["id"] for each in rest] == list(range(1, 300))
    assert rest[-1]["error"]["code"] == "cancelled"
    assert asked <= 1 + 4 * AT_ONCE


def test_lines_that_wait_for_quota_are_cancelled_by_a_stop(tmp_path: Path) -> None:
    with desk(tmp_path, VT_QUOTA="1/minute") as (here, _):
        patient = CALLER._replace(longest_wait_s=600.0)
        body = _lines(20, max_wait_s=600)
        stopper = threading.Timer(0.5, here.clock.cancel)
        stopper.start()
        found = list(here.lines(body, patient))
        stopper.join()
    assert [each["id"] for each in found] == list(range(20))
    assert [each["status"] for each in found].count("ok") <= 1
    assert {each["error"]["code"] for each in found if each["error"]} == {"cancelled"}


def test_a_batch_has_one_place_for_waiting_whatever_its_length(tmp_path: Path) -> None:
    with desk(tmp_path) as (here, _):
        lines = here.lines(_lines(50))
        next(lines)
        assert here.places.taken == 1
        assert len(list(lines)) == 49
        assert here.places.taken == 0


def test_a_batch_without_a_place_is_answered_and_does_not_wait(tmp_path: Path) -> None:
    with desk(tmp_path, threads=2, VT_QUOTA="2/minute") as (here, _), here.places.place():
        found = list(here.lines(_lines(6, max_wait_s=600), CALLER._replace(longest_wait_s=600.0)))
    assert [each["status"] for each in found].count("ok") == 2
    assert {each["error"]["code"] for each in found if each["error"]} == {"rate_limited"}
    assert all(each["meta"]["waited_s"] < 60 for each in found)


def test_a_batch_that_waits_for_quota_lets_a_single_request_of_another_client_go_first(tmp_path: Path) -> None:
    with desk(tmp_path, VT_QUOTA="1/second") as (here, sandbox), ThreadPoolExecutor(1) as pool:
        flood = pool.submit(list, here.lines(_lines(200), CALLER._replace(longest_wait_s=600.0)))
        _wait_until(lambda: len(sandbox.requests) >= 2)
        before = len(sandbox.requests)
        single = {"action": "lookup", "params": {"value": "9.9.9.9"}}
        answer = here.execution.answer(single, Caller("person", longest_wait_s=60.0))
        asked = [request.path for request in sandbox.requests]
        here.clock.cancel()
        assert len(flood.result()) == 200
    assert answer["status"] == "ok"
    # At most as many requests go first as there are clients, and one.
    assert asked.index("/api/v3/ip_addresses/9.9.9.9") - before <= 3


def test_the_number_of_batches_is_limited_and_an_abandoned_one_gives_its_place_back(tmp_path: Path) -> None:
    with desk(tmp_path, most=1) as (here, _):
        first = here.lines(_lines(50))
        next(first)
        with pytest.raises(Refused) as refused:
            next(here.lines(_lines(1)))
        assert (refused.value.status, dict(refused.value.headers)["Retry-After"]) == (429, "5")
        first.close()  # type: ignore[attr-defined]
        assert len(list(here.lines(_lines(2)))) == 2


def test_a_batch_is_refused_if_too_many_calls_are_in_progress(tmp_path: Path) -> None:
    with desk(tmp_path, most=1) as (here, _):
        with contextlib.ExitStack() as others:
            for _ in range(3):
                others.enter_context(here.places.place())
            with pytest.raises(Refused) as refused:
                next(here.lines(_lines(1)))
            assert refused.value.status == 429
        assert len(list(here.lines(_lines(1)))) == 1


def test_a_batch_whose_body_is_never_begun_gives_its_place_back(tmp_path: Path) -> None:
    with desk(tmp_path, most=1) as (here, _):
        call = Call("POST", "/v1/batch", "", {"content-type": "application/x-ndjson"}, io.BytesIO(b""), 0, "1")
        here.batches.reply(call, CALLER).body.close()  # type: ignore[union-attr]
        assert len(list(here.lines(_lines(1)))) == 1


def test_a_client_that_disconnects_stops_the_rest(tmp_path: Path) -> None:
    asked, gate = threading.Event(), threading.Event()

    def hold() -> None:
        asked.set()
        gate.wait(60)

    # One batch at once.
    with serving(tmp_path, limits=Limits(threads=8), hold=hold) as server:
        with _sent(server, _lines(200)):
            assert asked.wait(60)
        assert server.call("POST", "/v1/batch", EVERYTHING, NDJSON, data=_lines(1)).status_code == 429
        gate.set()
        _wait_until(lambda: server.call("POST", "/v1/batch", EVERYTHING, NDJSON, data="").status_code == 200)
        assert len(server.sandbox.requests) < 200


def _sent(server: Serving, body: str) -> socket.socket:
    host, _, port = server.url.rpartition("/")[2].partition(":")
    connection = socket.create_connection((host, int(port)))
    head = f"POST /v1/batch HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {READER}\r\n"
    head += f"Content-Type: application/x-ndjson\r\nContent-Length: {len(body)}\r\n\r\n"
    connection.sendall((head + body).encode())
    return connection


def _wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-ndjson", "Idempotency-Key": "a"}, 400),
        ({"Content-Type": "application/jsonl"}, 200),
    ],
)
def test_what_a_batch_must_be(tmp_path: Path, headers: dict[str, str], status: int) -> None:
    with serving(tmp_path) as server:
        reply = server.call("POST", "/v1/batch", EVERYTHING, headers, data=_line(1, "8.8.8.8"))
        assert reply.status_code == status
        assert server.call("POST", "/v1/batch?x=1", EVERYTHING, NDJSON, data="").status_code == 400
        too_long = " " * (1024 * 1024 + 1)
        assert server.call("POST", "/v1/batch", EVERYTHING, NDJSON, data=too_long).status_code == 413


def test_a_batch_of_too_many_requests_ends_with_an_error() -> None:
    lines: Sequence[Any] = list(bounded(documents_in(_lines(5).encode()), most=3))
    assert [each.value["id"] if each.value else each.error.details["line"] for each in lines] == [0, 1, 2, 4]
