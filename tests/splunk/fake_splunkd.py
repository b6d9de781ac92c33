"""The part of splunkd that the app uses: `vtlookup.conf`, `storage/passwords`, the current user, its endpoints, a
KV store, and indexes to write to.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import parse_qsl, unquote
from xml.sax.saxutils import escape

from . import fake_kvstore
from .fake_endpoints import SYSTEM, FakeEndpoints

SESSION = "session-key-of-the-search"
SEES_KEYS, STORES_KEYS, IS_ADMIN = "list_storage_passwords", "edit_storage_passwords", "admin_all_objects"
INDEXES_EVENTS = "edit_tcp"
OUR_CAPABILITIES = ("run_vtlookup", "run_vtlookup_write", "vtlookup_admin")
EVERYTHING = frozenset((SEES_KEYS, STORES_KEYS, IS_ADMIN, *OUR_CAPABILITIES))
_NAMESPACE = "/servicesNS/nobody/vtlookup/"
_FEED = (
    '<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom" '
    'xmlns:s="http://dev.splunk.com/ns/rest"><title>t</title>{}</feed>'
)
_ENTRY = (
    "<entry><title>{title}</title><id>{base}{path}</id>"
    '<link href="{path}" rel="alternate"/><author><name>nobody</name></author>'
    '<content type="text/xml"><s:dict>{content}</s:dict></content></entry>'
)


@dataclass
class FakeSplunkd:
    """`with FakeSplunkd(...) as splunkd: splunkd.url, splunkd.asked`.

    `password` None: none is stored. `failing` gives a path's last part the HTTP status it answers users with,
    `failing_for_all` splunkd's own session too.
    `users`: what each session may do. `endpoints`: the app's own, where it has any. `kvstore`: its way to a KV store,
    where it has one.
    """

    password: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    failing: Mapping[str, int] = field(default_factory=dict)
    failing_for_all: Mapping[str, int] = field(default_factory=dict)
    garbled: bool = False
    asked: list[str] = field(default_factory=list)
    users: dict[str, frozenset[str]] = field(default_factory=lambda: {SESSION: EVERYTHING})
    # Each session's user, if it is not `somebody`.
    names: dict[str, str] = field(default_factory=dict)
    endpoints: FakeEndpoints | None = None
    kvstore: fake_kvstore.Member | None = None
    # Each event that was written, with where to.
    indexed: list[tuple[dict[str, str], str]] = field(default_factory=list)

    def __enter__(self) -> FakeSplunkd:
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        if self.endpoints is not None:
            self.endpoints.end()

    def answer(self, method: str, path: str, session: str, body: str = "") -> tuple[int, str]:
        """Status and body for a path below /servicesNS/nobody/vtlookup/ or /services/."""
        self.asked.append(path)
        token = session[len("Splunk ") :]
        capabilities = EVERYTHING if token == SYSTEM else self.users.get(token)
        if capabilities is None or not session.startswith("Splunk "):
            return 401, _message("call not properly authenticated")
        failing = {**self.failing_for_all, **({} if token == SYSTEM else self.failing)}
        status = next((status for part, status in failing.items() if part in path), 200)
        if status != 200:
            return status, _message(f"no, because of {status}")
        if self.garbled:
            return 200, "<html>not what you asked for"
        stanza = self.endpoints.stanza(path) if self.endpoints is not None else None
        if self.endpoints is not None and stanza is not None:
            if self.endpoints.missing(stanza, method, capabilities):
                return 403, _message("insufficient permission to access this resource")
            user = {"user": self.names.get(token, "somebody"), "authtoken": token}
            status, text = self.endpoints.call(stanza, method, self.url, user, body)
            return status, text
        if path == "authentication/current-context":
            return 200, json.dumps({"entry": [{"content": {"capabilities": sorted(capabilities)}}]})
        return self._change(path, body, capabilities) if method == "POST" else self._show(path, capabilities)

    def of_kvstore(self, method: str, path: str, query: str, session: str, body: bytes) -> fake_kvstore.Answer:
        token = session[len("Splunk ") :]
        if self.kvstore is None or not (token == SYSTEM or token in self.users):
            return 401, None
        return self.kvstore.answer(method, path, query, body, may_all=token == SYSTEM)

    def receive(self, query: str, session: str, event: str) -> tuple[int, str]:
        """What is posted to receivers/simple."""
        token = session[len("Splunk ") :]
        if token != SYSTEM and INDEXES_EVENTS not in self.users.get(token, frozenset()):
            return 403, _message(f"you do not have {INDEXES_EVENTS}")
        status = self.failing.get("receivers/simple", 200)
        if status == 200:
            self.indexed.append((dict(parse_qsl(query)), event))
        return status, _FEED.format("")

    def _show(self, path: str, capabilities: frozenset[str]) -> tuple[int, str]:
        if path.startswith("storage/passwords") and SEES_KEYS not in capabilities:
            return 403, _message(f"you (user=somebody) do not have {SEES_KEYS}")
        entries = self._entries(path)
        return (200, _FEED.format(entries)) if entries else (404, _message("not found"))

    def _change(self, path: str, body: str, capabilities: frozenset[str]) -> tuple[int, str]:
        given = dict(parse_qsl(body, keep_blank_values=True))
        needed = STORES_KEYS if path.startswith("storage/passwords") else IS_ADMIN
        if needed not in capabilities:
            return 403, _message(f"you (user=somebody) do not have {needed}")
        if path == "storage/passwords" and (given.get("realm"), given.get("name")) == ("vtlookup", "api_key"):
            if self.password is not None:
                return 409, _message("an object with that name exists already")
            self.password = given["password"]
            return 201, _FEED.format("")
        if path == "storage/passwords/vtlookup:api_key:" and self.password is not None:
            self.password = given["password"]
        elif path == "configs/conf-vtlookup/settings":
            self.settings = {**self.settings, **given}
        elif path != "apps/local/vtlookup":
            return 404, _message("not found")
        return 200, _FEED.format("")

    def _entries(self, path: str) -> str:
        if path == "properties/vtlookup":
            return self._entry("settings", "properties/vtlookup/settings", {})
        if path == "configs/conf-vtlookup/settings":
            return self._entry("settings", path, {"eai:appName": "vtlookup", **self.settings})
        if path == "storage/passwords/vtlookup:api_key:" and self.password is not None:
            content = {"clear_password": self.password, "realm": "vtlookup", "username": "api_key"}
            return self._entry("vtlookup:api_key:", path, content)
        return ""

    def _entry(self, title: str, path: str, content: Mapping[str, str]) -> str:
        keys = "".join(f'<s:key name="{name}">{escape(value)}</s:key>' for name, value in content.items())
        return _ENTRY.format(title=title, base=self.url, path=_NAMESPACE + path, content=keys)


class _Server(ThreadingHTTPServer):
    # Of many processes at once.
    request_queue_size = 128


def _message(text: str) -> str:
    return f'<?xml version="1.0"?><response><messages><msg type="ERROR">{text}</msg></messages></response>'


def _handler(splunkd: FakeSplunkd) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            method = self.command
            path, _, query = self.path.partition("?")
            start = next((start for start in (_NAMESPACE, "/services/") if path.startswith(start)), "")
            inner = path[len(start) :].rstrip("/")
            given = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            session = self.headers.get("Authorization", "")
            if splunkd.kvstore is not None and inner.startswith(fake_kvstore.PATH):
                status, document = splunkd.of_kvstore(method, inner, query, session, given)
                self._send(status, "application/json", json.dumps(document))
                return
            if inner == "receivers/simple":
                status, text = splunkd.receive(query, session, given.decode())
                self._send(status, "text/xml", text)
                return
            status, text = splunkd.answer(method, unquote(inner), session, given.decode())
            self._send(status, "text/xml", text)

        def _send(self, status: int, kind: str, text: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", f"{kind}; charset=UTF-8")
            self.send_header("Content-Length", str(len(body)))
            # Without it the SDK finds the body empty.
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            return

    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        setattr(Handler, f"do_{method}", Handler._answer)
    return Handler
