"""The part of Splunk SOAR's REST interface that gives the SDK files of the vault."""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
import urllib.parse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


@contextlib.contextmanager
def soar_with_files(files: Mapping[str, Path]) -> Iterator[str]:
    """The address of a platform whose vault has these files by their vault ids."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urllib.parse.urlsplit(self.path)
            wanted = urllib.parse.parse_qs(parts.query).get("_filter_vault_document__hash", [""])[0].strip('"')
            found = [_attachment(wanted, files[wanted])] if wanted in files else []
            self._answer({"num_pages": 1, "data": found})

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self._answer({})

        def _answer(self, document: Any) -> None:
            body = json.dumps(document).encode()
            self.send_response(200)
            self.send_header("Set-Cookie", "csrftoken=c" if self.command == "GET" else "sessionid=s")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """The tests print what they need."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def _attachment(vault_id: str, path: Path) -> dict[str, Any]:
    return {
        "id": 1,
        "container": "case",
        "container_id": 7,
        "create_time": "2026-01-02T03:04:05Z",
        "name": path.name,
        "user": "analyst",
        "vault_document": 1,
        "vault_id": vault_id,
        "hash": vault_id,
        "size": path.stat().st_size,
        "path": str(path),
    }
