"""As much of splunkd as the commands ask for: `vtlookup.conf` and `storage/passwords`, as Atom feeds, and whose session
it is, as JSON."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import unquote, urlsplit
from xml.sax.saxutils import escape

SESSION = "session-key-of-the-search"
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

    `password` None: none is stored. `capabilities` are of the session's user; None: the answer does not tell them.
    `failing` gives a path's last part the HTTP status it answers with.
    """

    password: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    failing: Mapping[str, int] = field(default_factory=dict)
    garbled: bool = False
    capabilities: Sequence[str] | None = ()
    asked: list[str] = field(default_factory=list)

    def __enter__(self) -> FakeSplunkd:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
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

    def answer(self, path: str, session: str) -> tuple[int, str]:
        """Status and body for a path below /servicesNS/nobody/vtlookup/."""
        self.asked.append(path)
        if session != f"Splunk {SESSION}":
            return 401, _message("call not properly authenticated")
        status = next((status for part, status in self.failing.items() if part in path), 200)
        if status != 200:
            return status, _message(f"no, because of {status}")
        if self.garbled:
            return 200, "<html>not what you asked for"
        if path == "/services/authentication/current-context":
            return 200, self._context()
        entries = self._entries(path)
        return (200, _FEED.format(entries)) if entries else (404, _message("not found"))

    def _entries(self, path: str) -> str:
        if path == "properties/vtlookup":
            return self._entry("settings", "properties/vtlookup/settings", {})
        if path == "configs/conf-vtlookup/settings":
            return self._entry("settings", path, {"eai:appName": "vtlookup", **self.settings})
        if path == "storage/passwords/vtlookup:api_key:" and self.password is not None:
            content = {"clear_password": self.password, "realm": "vtlookup", "username": "api_key"}
            return self._entry("vtlookup:api_key:", path, content)
        return ""

    def _context(self) -> str:
        told = {"username": "analyst", "roles": ["user"]}
        if self.capabilities is not None:
            told["capabilities"] = list(self.capabilities)
        return json.dumps({"entry": [{"name": "context", "content": told}]})

    def _entry(self, title: str, path: str, content: Mapping[str, str]) -> str:
        keys = "".join(f'<s:key name="{name}">{escape(value)}</s:key>' for name, value in content.items())
        return _ENTRY.format(title=title, base=self.url, path=_NAMESPACE + path, content=keys)


def _message(text: str) -> str:
    return f'<?xml version="1.0"?><response><messages><msg type="ERROR">{text}</msg></messages></response>'


def _handler(splunkd: FakeSplunkd) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = unquote(urlsplit(self.path).path)
            inner = path[len(_NAMESPACE) :] if path.startswith(_NAMESPACE) else path
            status, text = splunkd.answer(inner.rstrip("/"), self.headers.get("Authorization", ""))
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/xml; charset=UTF-8")
            self.send_header("Content-Length", str(len(body)))
            # Without it the SDK finds the body empty.
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            return

    return Handler
