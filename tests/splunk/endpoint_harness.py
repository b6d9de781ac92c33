"""A splunkd with the app's endpoints, and calls as different users."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from vt_connectors.sandbox import SandboxServer

from .fake_endpoints import SYSTEM, FakeEndpoints
from .fake_splunkd import SESSION, FakeSplunkd
from .searching import Lookup

KEY = "the-key-that-splunkd-keeps"
ANALYST = frozenset(("run_vtlookup",))
PASSWORD, ENDPOINT, VERDICTS = "storage/passwords/vtlookup:api_key:", "vtlookup/lookup", "vtlookup/verdicts"


def splunkd_of_analyst(keyless: Lookup, sandbox: SandboxServer) -> FakeSplunkd:
    """One that keeps the key, with the app's endpoints and the session of an analyst."""
    endpoints = FakeEndpoints(keyless.app, keyless.python, keyless.process_environment)
    settings = {"api_url": sandbox.url, "quota": "none", "never_query": "corp.example"}
    return FakeSplunkd(KEY, settings, users={SESSION: ANALYST}, endpoints=endpoints)


def call(
    splunkd: FakeSplunkd, document: Any, path: str = ENDPOINT, method: str = "POST", session: str = SESSION
) -> tuple[int, Any]:
    """Status and answer of an endpoint; `document` is sent as it is where it is a text."""
    body = document if isinstance(document, str) else json.dumps(document)
    connection = http.client.HTTPConnection(urlsplit(splunkd.url).netloc, timeout=60)
    connection.request(method, f"/services/{path}", body.encode(), {"Authorization": f"Splunk {session}"})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    assert KEY not in text
    assert SYSTEM not in text
    assert SESSION not in text
    return answer.status, json.loads(text) if text.startswith("{") else text


def write(splunkd: FakeSplunkd, *indicators: object, **more: object) -> tuple[int, Any]:
    """What the endpoint that writes verdicts says to these."""
    return call(splunkd, {"indicators": list(indicators), **more}, VERDICTS)


def lookup_of(value: str, **more: Any) -> dict[str, Any]:
    return {"action": "lookup_hash", "params": {"hash": value}, **more}


def codes(answer: Any) -> list[str]:
    """Each response's error, else its status."""
    return [response["error"]["code"] if response["error"] else response["status"] for response in answer["responses"]]


def batch(documents: Iterable[Any]) -> dict[str, Any]:
    return {"requests": list(documents)}
