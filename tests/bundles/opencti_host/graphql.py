"""OpenCTI's GraphQL API, as far as a connector asks it."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_OPERATION = re.compile(r"(?:query|mutation)\s+(\w+)")


class FakeOpenCti:
    """`observables` by id, as OpenCTI describes them. `works`: the message with which each ended, and whether it
    failed. `pushed`: the bundles that came. `steps`: those that playbooks go on with.
    """

    def __init__(self, observables: Mapping[str, Mapping[str, Any]]) -> None:
        self.observables = observables
        self.works: dict[str, tuple[str, bool]] = {}
        self.pushed: list[dict[str, Any]] = []
        self.steps: list[dict[str, Any]] = []
        self.registered: list[dict[str, Any]] = []
        self.url = ""

    def answer(self, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """The `data` of the answer."""
        found = _OPERATION.search(query)
        name = found.group(1) if found else ""
        if name == "healthCheck":
            return {"about": {"version": "7.261026.0"}}
        if name == "RegisterConnector":
            self.registered.append(dict(variables["input"]))
            return {"registerConnector": _registration(variables["input"])}
        if name == "PingConnector":
            return {"pingConnector": {"id": "c", "connector_state": None, "connector_info": {}}}
        if name == "StixCyberObservable":
            return {"stixCyberObservable": self.observables.get(variables["id"])}
        if "toProcessed" in query:
            self.works[variables["id"]] = (variables["message"], bool(variables.get("inError")))
        if name in ("StixBundlePush", "PlaybookStepExecution"):
            (self.pushed if name == "StixBundlePush" else self.steps).append(json.loads(variables["bundle"]))
        return {"workEdit": {}, "stixBundlePush": True, "playbookStepExecution": True}


def _registration(given: Mapping[str, Any]) -> dict[str, Any]:
    connection = {"host": "127.0.0.1", "vhost": "/", "use_ssl": False, "port": 1, "user": "u", "pass": "p"}
    config = {"connection": connection, "s3": {}, "listen": "l", "listen_routing": "l", "listen_exchange": "l"}
    config.update(push="p", push_routing="p", push_exchange="p")
    # A made-up public key: the queue reads it, and only its other protocol uses it.
    key = {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        "kid": "k",
        "alg": "EdDSA",
    }
    return {
        "id": given["id"],
        "connector_state": None,
        "jwks": json.dumps({"keys": [{**key, "alg": "EdDSA"}]}),
        "config": config,
        "connector_user_id": "user",
    }


@contextmanager
def opencti(observables: Mapping[str, Mapping[str, Any]]) -> Iterator[FakeOpenCti]:
    """A server on loopback."""
    fake = FakeOpenCti(observables)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body = json.dumps({"data": fake.answer(asked["query"], asked.get("variables") or {})}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing on the terminal."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        fake.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield fake
        finally:
            server.shutdown()
            thread.join()
