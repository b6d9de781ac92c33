"""Clients of the contract and of VirusTotal's own API share one cache and one quota."""

from __future__ import annotations

import http.client
import json
import random
import threading
from pathlib import Path
from typing import Any

import pytest

from .serving import READER, Serving, serving

_CLIENTS, _HASHES = 16, 1000
EICAR = {
    "md5": "44d88612fea8a8f36de82e1278abb02f",
    "sha1": "3395856ce81f2b7382dee72602f798b642f14140",
    "sha256": "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f",
}


class _Client:
    """One connection, which asks for all hashes in an order of its own."""

    def __init__(self, server: Serving, number: int) -> None:
        host = server.url.removeprefix("http://")
        self._connection = http.client.HTTPConnection(host, timeout=250)
        self._is_of_contract = number % 2 == 0
        self._order = random.Random(number).sample(range(_HASHES), _HASHES)
        self.wrong: list[Any] = []

    def run(self) -> None:
        for number in self._order:
            value = f"{number:064x}"
            status, document = self._by_contract(value) if self._is_of_contract else self._by_api(value)
            if (status, document) not in (("ok", value), ("not_found", value)):
                self.wrong.append((status, document))
        self._connection.close()

    def _by_contract(self, value: str) -> tuple[str, Any]:
        body = json.dumps({"action": "lookup_hash", "params": {"hash": value}})
        found = self._call("POST", "/v1/run", {"Authorization": f"Bearer {READER}"}, body)[1]
        return found["status"], (found["data"] or found)["indicator"]

    def _by_api(self, value: str) -> tuple[str, Any]:
        status, found = self._call("GET", f"/api/v3/files/{value}", {"x-apikey": READER})
        if status == 404 and found["error"]["code"] == "NotFoundError":
            return "not_found", value
        return ("ok", found["data"]["attributes"]["sha256"]) if status == 200 else (str(status), found)

    def _call(self, method: str, path: str, headers: dict[str, str], body: str | None = None) -> tuple[int, Any]:
        given = {**headers, "Content-Type": "application/json"} if body else headers
        self._connection.request(method, path, body, given)
        reply = self._connection.getresponse()
        return reply.status, json.loads(reply.read())


@pytest.mark.once
def test_sixteen_clients_on_both_interfaces_cost_one_request_for_each_hash(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        clients = [_Client(server, number) for number in range(_CLIENTS)]
        threads = [threading.Thread(target=client.run) for client in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [client.wrong[:3] for client in clients] == [[]] * _CLIENTS
        assert len(server.sandbox.requests) == _HASHES


@pytest.mark.parametrize("first", EICAR)
def test_a_report_by_one_interface_answers_the_other_under_every_hash_of_the_file(tmp_path: Path, first: str) -> None:
    with serving(tmp_path) as server:
        assert server.run({"action": "lookup_hash", "params": {"hash": EICAR[first]}})["meta"]["source"] == "api"
        for value in EICAR.values():
            reply = server.call("GET", f"/api/v3/files/{value.upper()}", None, {"x-apikey": READER})
            assert reply.json()["data"]["id"] == EICAR["sha256"]
            assert reply.headers["X-Vtaction-Source"] == "cache"
        assert len(server.sandbox.requests) == 1


def test_a_report_by_the_pass_through_answers_a_lookup(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        assert server.call("GET", f"/api/v3/files/{EICAR['md5']}", None, {"x-apikey": READER}).status_code == 200
        found = server.run({"action": "lookup_hash", "params": {"hash": EICAR["sha1"]}})
        assert (found["data"]["verdict"], found["meta"]["source"]) == ("malicious", "cache")
        assert len(server.sandbox.requests) == 1
