"""Clients of both interfaces at once: some use the contract, the others VirusTotal's own API."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Sequence
from typing import Any

from .serving import READER, Serving

CLIENTS = 16


class Client:
    """One connection, which asks for hashes in the given order.

    `answers`: of each hash its status in the contract's terms, and the hash that the answer is about.
    """

    def __init__(self, server: Serving, hashes: Sequence[str], *, is_of_contract: bool) -> None:
        host = server.url.removeprefix("http://")
        self._connection = http.client.HTTPConnection(host, timeout=250)
        self._ask = self._by_contract if is_of_contract else self._by_api
        self._hashes = hashes
        self.answers: dict[str, tuple[str, Any]] = {}

    def run(self) -> None:
        for value in self._hashes:
            self.answers[value] = self._ask(value)
        self._connection.close()

    def wrong(self) -> list[tuple[str, Any]]:
        """What is no answer, or is about another hash."""
        given = self.answers.items()
        return [answer for value, answer in given if answer not in (("ok", value), ("not_found", value))]

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


def run_at_once(server: Serving, orders: Sequence[Sequence[str]]) -> list[Client]:
    """A client for each order, which are alternately of the contract and of VirusTotal's API; all have ended."""
    clients = [Client(server, hashes, is_of_contract=number % 2 == 0) for number, hashes in enumerate(orders)]
    threads = [threading.Thread(target=client.run) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(client.answers) for client in clients] == [len(set(hashes)) for hashes in orders]
    return clients
