"""The parts of a Splunk server that `try_in_splunk` uses. Searches have scripted results."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs

_FEED = (
    '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:s="http://dev.splunk.com/ns/rest"><title>t</title>'
    '<generator build="1" version="9.4.0"/>{}</feed>'
)
_ENTRY = (
    '<entry xmlns="http://www.w3.org/2005/Atom" xmlns:s="http://dev.splunk.com/ns/rest"><title>{title}</title>'
    '<id>x</id><link href="{path}" rel="alternate"/><content type="text/xml">'
    "<s:dict>{keys}{access}</s:dict></content></entry>"
)
_ACCESS = (
    '<s:key name="eai:acl"><s:dict><s:key name="owner">admin</s:key><s:key name="app">search</s:key>'
    '<s:key name="sharing">global</s:key></s:dict></s:key>'
)


@dataclass
class Told:
    """The scripted result of a search."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    failed: bool = False
    refused: bool = False
    message: str = ""


@dataclass
class FakeSplunkServer:
    """`told`: by a pattern for the search's text; of several, the last one. `refusing`: users by path's pattern."""

    told: dict[str, Told] = field(default_factory=dict)
    closed: str = r"passwords|vtlookup/settings"
    entries: dict[str, list[str]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    searches: list[str] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)
    cancelled: int = 0

    def __enter__(self) -> FakeSplunkServer:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, method: str, path: str, body: str, user: str) -> tuple[int, str]:
        self.asked.append((method, path))
        form = {name: values[0] for name, values in parse_qs(body).items()} if not body.startswith("{") else {}
        if path.endswith("auth/login"):
            return 200, f"<response><sessionKey>{form['username']}</sessionKey></response>"
        if user != "admin" and re.search(self.closed, path):
            return 403, _messages("no")
        if "storage/passwords" in path:
            return 200, "{}"
        if path.endswith("vtlookup/settings") and method == "POST":
            self.settings.update(json.loads(body)["settings"])
            return 200, json.dumps({"settings": self.settings})
        if "/jobs" in path:
            return self._job(method, path, form)
        if path.endswith("server/info"):
            return 200, _FEED.format(_entry("server-info", path, {"version": "9.4.0"}))
        listed = next((names for end, names in self.entries.items() if path.endswith(end)), None)
        if listed is not None:
            return 200, json.dumps({"entry": [{"name": name} for name in listed]})
        return (201 if method == "POST" else 200), _FEED.format(_entry("x", path, {}) if method == "POST" else "")

    def _job(self, method: str, path: str, form: Mapping[str, str]) -> tuple[int, str]:
        if "search" in form:
            self.searches.append(form["search"])
            told = self._told(form["search"])
            if told.refused:
                return 400, _messages(told.message)
            return 201, f"<response><sid>{len(self.searches)}</sid></response>"
        if path.endswith("control"):
            self.cancelled += 1
            return 200, _messages("cancelled")
        match = re.search(r"/jobs/(\d+)", path)
        assert match is not None
        told = self._told(self.searches[int(match[1]) - 1])
        if path.rstrip("/").endswith("results"):
            return 200, json.dumps({"results": told.rows})
        told_of = f'<s:key name="error"><s:list><s:item>{told.message}</s:item></s:list></s:key>'
        messages = f'<s:key name="messages"><s:dict>{told_of}</s:dict></s:key>'
        keys = {"isDone": "1", "isFailed": str(int(told.failed)), "dispatchState": "DONE", "sid": match[1]}
        return 200, _entry(match[1], path, keys, messages if told.message else "")

    def _told(self, search: str) -> Told:
        return [told for pattern, told in self.told.items() if re.search(pattern, search)][-1]


def _entry(title: str, path: str, keys: Mapping[str, str], more: str = "") -> str:
    told = "".join(f'<s:key name="{name}">{value}</s:key>' for name, value in keys.items())
    return _ENTRY.format(title=title, path=path, keys=told + more, access=_ACCESS)


def _messages(text: str) -> str:
    return f"<response><messages><msg type='INFO'>{text}</msg></messages></response>"


def _handler(splunk: FakeSplunkServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer("GET")

        def do_POST(self) -> None:
            self._answer("POST")

        def _answer(self, method: str) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
            user = self.headers.get("Authorization", "").rpartition(" ")[2]
            status, text = splunk.answer(method, self.path.partition("?")[0], body, user)
            self.send_response(status)
            self.send_header("Content-Length", str(len(text.encode())))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: object) -> None:
            return

    return Handler
