"""The paths of Splunk Web that Splunk's renderer of Dashboard Studio uses, with search jobs of `Searches`."""

from __future__ import annotations

import contextlib
import itertools
import json
import re
import sys
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit
from xml.etree import ElementTree

from tests.package.spl_reader import commands

from .pipeline import Rows, piped
from .searches import Found, Searches

_APP = "/en-US/app/vtlookup/"
_RAW = re.compile(r"/en-US/splunkd/__raw/services(?:NS/[^/]+/[^/]+)?/(.+)")
_RESULTS = re.compile(r"search/(?:v2/)?jobs/([^/]+)/(?:results_preview|results)")
_CONFIG = {
    "SPLUNKD_PATH": "/en-US/splunkd/__raw",
    "LOCALE": "en-US",
    "MRSPARKLE_ROOT_PATH": "",
    "MRSPARKLE_PORT_NUMBER": 8000,
    "USERNAME": "analyst",
    "VERSION_LABEL": "10.2.3",
    "SERVER_ZONEINFO": "### SERIALIZED TIMEZONE FORMAT 1.0;C0;Y0 NW 55 54 43;$",
}
_PAGE = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Dashboard</title>
<link rel="stylesheet" href="/page.css"></head><body><div id="page"></div><script>window.$C = {config};</script>
<script src="/renderer.js"></script></body></html>"""
_STYLE = b"body { margin: 0; background: #f3f4f5 } [data-theme=dark] body { background: #1a1c20 }"
_CONTEXT = {"username": "analyst", "capabilities": ["search"], "roles": ["user"], "tz": ""}
_SCRIPT = "text/javascript"
# Splunk's pages touch a job each time half of this has passed, and without pause if a job does not tell it.
_TTL_S = 600
_TIMES = [("Last 24 hours", "-24h@h", "now"), ("Last 7 days", "-7d@h", "now"), ("Last 30 days", "-30d@d", "now")]


def definition_of(view: Path) -> dict[str, Any]:
    """The definition in a view's XML. ValueError if it is not valid JSON."""
    found: dict[str, Any] = json.loads(ElementTree.parse(view).getroot().findtext("definition", ""))
    return found


class Answer(NamedTuple):
    body: bytes
    kind: str
    status: int = 200


def _json(document: Any, status: int = 200) -> Answer:
    return Answer(json.dumps(document).encode(), "application/json", status)


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that leaves a page closes its connections; other errors are shown."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


@dataclass
class StudioWeb:
    """`with StudioWeb(bundle, searches, definitions) as web: web.address("vt_overview", theme="dark")`.

    `dispatched`: each search that was started, as it arrived. `asked`: paths of splunkd that are not here.
    """

    bundle: Path
    searches: Searches
    definitions: dict[str, dict[str, Any]]
    dispatched: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def __enter__(self) -> StudioWeb:
        self._jobs: dict[str, Found] = {}
        self._lock = threading.Lock()
        self._running = 0
        self._numbers = itertools.count(1)
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def address(self, view: str, query: str = "", theme: str = "light") -> str:
        return f"{self.origin}{_APP}{view}?theme={theme}&{query}"

    def answer(self, path: str, given: dict[str, str], *, is_post: bool) -> Answer:
        raw = _RAW.fullmatch(path)
        if raw is not None:
            return self._splunkd(raw[1], given, is_post)
        if path == "/renderer.js":
            return Answer(self.bundle.read_bytes(), _SCRIPT)
        if path.startswith("/definitions/"):
            return _json(self.definitions[path.rpartition("/")[2]])
        if path == "/page.css":
            return Answer(_STYLE, "text/css")
        if not path.startswith(_APP):
            return Answer(b"", "text/plain", 204 if path == "/favicon.ico" else 404)
        return Answer(_PAGE.format(config=json.dumps(_CONFIG)).encode(), "text/html")

    def _splunkd(self, path: str, given: dict[str, str], is_post: bool) -> Answer:
        results = _RESULTS.fullmatch(path)
        if results is not None:
            return _json(self.results(results[1], given))
        if path in ("search/jobs", "search/v2/jobs"):
            return _json(self.dispatch(given["search"]), 201) if is_post else _json(self.jobs())
        if path == "authentication/current-context":
            return _json({"entry": [{"name": "context", "content": _CONTEXT}]})
        if path == "data/ui/times":
            return _json({"entry": [_preset(at, *each) for at, each in enumerate(_TIMES)]})
        if path.endswith("/control"):
            return _json({"messages": []})
        self.asked.append(path)
        return _json({"entry": [], "messages": []}, 404)

    def dispatch(self, search: str) -> dict[str, Any]:
        with self._lock:
            self._running += 1
            self.dispatched.append(search)
            sid = f"{time.time():.0f}.{next(self._numbers)}"
        try:
            found = self.searches.run(search)
        except Exception as error:  # the page then shows what this stand-in does not know
            found = Found([], [("ERROR", f"{type(error).__name__}: {error}")])
        with self._lock:
            self._jobs[sid] = found
            self._running -= 1
        return {"sid": sid}

    def is_idle(self) -> bool:
        """Whether no search is running."""
        with self._lock:
            return not self._running

    def jobs(self) -> dict[str, Any]:
        with self._lock:
            return {"entry": [_job(sid, found) for sid, found in self._jobs.items()]}

    def results(self, sid: str, given: dict[str, str]) -> dict[str, Any]:
        with self._lock:
            found = self._jobs[sid]
        rows = piped(found.rows, commands("| " + given["search"].lstrip("| "))) if given.get("search") else found.rows
        return {"preview": False, "init_offset": 0, "messages": _messages(found), **_columns(rows)}


def _messages(found: Found) -> list[dict[str, str]]:
    kinds = {"ERROR": "ERROR", "WARN": "WARN", "INFO": "INFO"}
    return [{"type": kinds.get(level, "INFO"), "text": text} for level, text in found.messages]


def _job(sid: str, found: Found) -> dict[str, Any]:
    state = "FAILED" if found.is_failed else "DONE"
    counts = dict.fromkeys(("resultPreviewCount", "resultCount", "eventCount"), len(found.rows))
    done = {"sid": sid, "isDone": True, "isFailed": found.is_failed, "dispatchState": state, "doneProgress": 1}
    done["ttl"] = _TTL_S
    content = {**done, **counts, "isFinalized": False, "runDuration": 0.1, "messages": _messages(found)}
    return {"name": sid, "content": content, "published": "2026-01-01T00:00:00.000+00:00", "links": {}}


def _columns(rows: Rows) -> dict[str, Any]:
    names = list(dict.fromkeys(name for row in rows for name in row))
    return {
        "fields": [{"name": name} for name in names],
        "columns": [[_cell(name, row.get(name)) for row in rows] for name in names],
    }


def _cell(name: str, value: Any) -> Any:
    if value is None or isinstance(value, list):
        return value
    if name == "_time":
        return time.strftime("%Y-%m-%dT%H:%M:%S.000+00:00", time.gmtime(float(value)))
    return str(value)


def _handler(web: StudioWeb) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            self._send(web.answer(parts.path, dict(parse_qsl(parts.query)), is_post=False))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
            given = dict(parse_qsl(body, keep_blank_values=True))
            self._send(web.answer(urlsplit(self.path).path, given, is_post=True))

        def _send(self, answer: Answer) -> None:
            self.send_response(answer.status)
            self.send_header("Content-Type", f"{answer.kind}; charset=UTF-8")
            self.send_header("Content-Length", str(len(answer.body)))
            self.send_header("Cache-Control", "max-age=3600" if answer.kind == _SCRIPT else "no-store")
            self.end_headers()
            with contextlib.suppress(ConnectionError):  # the page was left
                self.wfile.write(answer.body)

        def log_message(self, format: str, *args: object) -> None:
            return

    return Handler


def _preset(at: int, label: str, earliest: str, latest: str) -> dict[str, Any]:
    content = {"label": label, "earliest_time": earliest, "latest_time": latest, "order": at, "disabled": False}
    return {"name": label, "content": content}
