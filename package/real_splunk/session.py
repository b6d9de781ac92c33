"""A user's session with a Splunk server, through the SDK: searches, and the app's endpoints."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from splunklib import client
from splunklib.binding import AuthenticationError, HTTPError

APP = "vtlookup"
_PATIENCE_S, _LOOK_S = 180.0, 0.5
_BAD_REQUEST = 400
_UNREACHABLE = (OSError, HTTPError)

Row = Mapping[str, Any]


class Found(NamedTuple):
    """`failed`: Splunk reports that the search failed. `messages` are those of its job."""

    rows: list[Row]
    messages: list[str]
    failed: bool


class Session:
    def __init__(self, service: Any, sleep: Callable[[float], None] = time.sleep) -> None:
        self.service = service
        self._sleep = sleep

    def search(self, text: str, **how: str) -> Found:
        """Run a search to its end."""
        try:
            job = self.begin(text, **how)
        except HTTPError as error:
            # Some errors of a search are reported before it begins.
            if int(error.status) != _BAD_REQUEST:
                raise
            return Found([], [str(error)], True)
        for _ in range(int(_PATIENCE_S / _LOOK_S)):
            if job.is_done():
                break
            self._sleep(_LOOK_S)
        content = job.refresh().content
        failed = str(content.get("isFailed")) == "1"
        rows = [] if failed else json.loads(job.results(output_mode="json", count=0).read())["results"]
        told = content.get("messages") or {}
        messages = [f"{level}: {text}" for level, texts in told.items() for text in _list(texts)]
        return Found(rows, messages, failed)

    def begin(self, text: str, **how: str) -> Any:
        """Start a search and return the SDK's job."""
        whole = text if text.startswith("|") else f"search {text}"
        return self.service.jobs.create(whole, **{"exec_mode": "normal", **how})

    def status(self, method: str, path: str, document: Any = None) -> int:
        """The status of splunkd's response for a path below /services/, or for an absolute path."""
        return self._call(method, path, document)[0]

    def document(self, method: str, path: str, document: Any = None) -> Any:
        return json.loads(self._call(method, path, document)[1])

    def _call(self, method: str, path: str, document: Any) -> tuple[int, bytes]:
        path = path if path.startswith("/") else f"/services/{path}"
        try:
            if method == "GET":
                reply = self.service.get(path, output_mode="json", count=0)
            else:
                headers = [("Content-Type", "application/json")]
                reply = self.service.post(path, headers=headers, body=json.dumps(document))
        except HTTPError as error:
            return int(error.status), error.body or b"{}"
        return int(reply["status"]), reply["body"].read()


def session(address: tuple[str, int], user: str, password: str) -> Session:
    """Log in. Raises the SDK's error if the user may not log in.

    The server is a container on this machine with a self-signed certificate, so it is not verified.
    """
    host, port = address
    return Session(client.connect(host=host, port=port, username=user, password=password, autologin=True))


def patiently(address: tuple[str, int], user: str, password: str, sleep: Callable[[float], None]) -> Session:
    """Like `session`, for a server that was just restarted."""
    for _ in range(int(_PATIENCE_S / _LOOK_S)):
        try:
            return session(address, user, password)
        except AuthenticationError:
            raise
        except _UNREACHABLE:
            sleep(_LOOK_S)
    return session(address, user, password)


def _list(texts: Any) -> list[str]:
    return [str(text) for text in (texts if isinstance(texts, list) else [texts])]
