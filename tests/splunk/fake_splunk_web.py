"""As much of Splunk Web as a view needs: its page, the static files, and splunkd as far as web.conf exposes it."""

from __future__ import annotations

import http.client
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit
from xml.etree import ElementTree

from tests.package.conf_reader import read_conf

from .fake_splunkd import SESSION, FakeSplunkd

_FORM_KEY = "1234567890"
_VIEW, _STATIC, _RAW = "/en-US/app/vtlookup/", "/en-US/static/app/vtlookup/", "/en-US/splunkd/__raw/services/"
_TYPES = {".js": "text/javascript", ".css": "text/css"}
# Nothing inline runs: neither handlers nor scripts nor styles.
_POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'"
_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{label}</title>
<link rel="stylesheet" href="{static}{stylesheet}"><link rel="stylesheet" href="/page-{theme}.css"></head>
<body><h1>{label}</h1><main>{content}</main>{scripts}</body></html>"""
# Splunk Web loads them at the same time.
_SCRIPT = '<script async src="{}"></script>'
_STYLES = {
    "light": "body { margin: 24px; background: #f2f4f5; color: #3c444d; font-family: sans-serif }"
    " main { padding: 8px 24px; background: #fff }",
    "dark": "body { margin: 24px; background: #0b0c0e; color: #c3cbd4; font-family: sans-serif }"
    " main { padding: 8px 24px; background: #171d21 }",
}


@dataclass
class FakeSplunkWeb:
    """`with FakeSplunkWeb(app, splunkd) as web: web.view("setup")` is a page's address."""

    app: Path
    splunkd: FakeSplunkd
    theme: str = "light"
    refused: list[str] = field(default_factory=list)

    def __enter__(self) -> FakeSplunkWeb:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    def view(self, name: str) -> str:
        return f"http://127.0.0.1:{self.port}{_VIEW}{name}"

    def page(self, name: str) -> str:
        view = ElementTree.parse(self.app / f"default/data/ui/views/{name}.xml").getroot()
        inner = view.find("row/panel/html")
        assert inner is not None
        return _PAGE.format(
            label=view.findtext("label"),
            static=_STATIC,
            scripts="".join(_SCRIPT.format(_STATIC + name) for name in re.split(r",\s*", view.get("script", ""))),
            stylesheet=view.get("stylesheet"),
            theme=self.theme,
            content="".join(ElementTree.tostring(part, "unicode") for part in inner),
        )

    def exposes(self, method: str, path: str) -> bool:
        stanzas = read_conf(self.app / "default/web.conf").values()
        return any(
            re.fullmatch(stanza["pattern"], path) and method in re.split(r",\s*", stanza["methods"])
            for stanza in stanzas
        )

    def forward(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(urlsplit(self.splunkd.url).netloc, timeout=60)
        connection.request(method, f"/services/{path}", body, {"Authorization": f"Splunk {SESSION}"})
        answer = connection.getresponse()
        content = answer.status, answer.read()
        connection.close()
        return content


def _handler(web: FakeSplunkWeb) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            if path.startswith(_VIEW):
                self._send(200, web.page(path[len(_VIEW) :]).encode(), "text/html")
            elif path.startswith(_STATIC):
                file = web.app / "appserver/static" / path[len(_STATIC) :]
                self._send(200, file.read_bytes(), _TYPES[file.suffix])
            elif path == f"/page-{web.theme}.css":
                self._send(200, _STYLES[web.theme].encode(), "text/css")
            else:
                self._forward("GET")

        def do_POST(self) -> None:
            self._forward("POST")

        def _forward(self, method: str) -> None:
            path = urlsplit(self.path).path
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            inner = path[len(_RAW) :]
            is_ours = self.headers.get("X-Splunk-Form-Key") == _FORM_KEY and bool(self.headers.get("X-Requested-With"))
            if not path.startswith(_RAW) or not web.exposes(method, inner) or (method == "POST" and not is_ours):
                web.refused.append(path)
                self._send(404, b"<html>Splunk cannot find it", "text/html")
            else:
                self._send(*web.forward(method, inner, body), "application/json")

        def _send(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", f"{kind}; charset=UTF-8")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Security-Policy", _POLICY)
            self.send_header("Set-Cookie", f"splunkweb_csrf_token_{web.port}={_FORM_KEY}; Path=/")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            return

    return Handler
