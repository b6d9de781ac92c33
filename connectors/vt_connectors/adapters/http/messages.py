"""An HTTP call and its reply, independent of the server library."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from itertools import count
from typing import Any, BinaryIO, Callable, NamedTuple
from urllib.parse import parse_qsl

from ... import strict_json
from ...contract.response import Response

JSON = "application/json"
# Names of calls: distinct in the logs of all servers.
_RUN, _numbers = f"{os.urandom(6).hex()}-", count(1)
_NO_HEADERS: tuple[tuple[str, str], ...] = ()
# The parameters that say what a request is about, in the order in which they count.
_ABOUT = ("value", "hash", "url", "domain", "ip", "indicator", "query", "path")
_USER_IN_URL = re.compile(r"([/\\]{2})[^/\\?#\s]*@")


def _stays() -> bool:
    return False


class Call(NamedTuple):
    """`path` and `query` as sent, percent-encoded. `headers` have lower-case names. `length`: bytes of the body.

    `id`: a name for this call in the audit log and the reply. `remote`: the address of the client; empty for a socket
    file. `is_gone()`: whether the client has disconnected.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: BinaryIO
    length: int
    id: str
    remote: str = ""
    is_gone: Callable[[], bool] = _stays

    @classmethod
    def new(
        cls,
        method: str,
        path: str,
        query: str,
        headers: Mapping[str, str],
        body: BinaryIO,
        length: int,
        remote: str = "",
        is_gone: Callable[[], bool] = _stays,
    ) -> Call:
        """A call with a name that no other has."""
        return cls(method.upper(), path, query, headers, body, length, f"{_RUN}{next(_numbers):x}", remote, is_gone)

    @property
    def query_values(self) -> list[tuple[str, str]]:
        """Raises `ValueError` for too many values."""
        return parse_qsl(self.query, keep_blank_values=True, max_num_fields=100)

    @property
    def media_type(self) -> str:
        """The type of the body without its parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class Note(NamedTuple):
    """What the audit log and the metrics say about a reply, apart from the call.

    `action`: an action of ours, or the method and a template of the path. `indicators`: what was asked about.
    `outcome`: the status or the error code. `requests`: to VirusTotal; `http_status`: of the last one.
    `is_of_state`: the error is about the shared state.
    """

    action: str = ""
    indicators: tuple[str, ...] = ()
    outcome: str = ""
    source: str | None = None
    requests: int = 0
    waited_s: float = 0.0
    http_status: int | None = None
    is_of_state: bool = False


NO_NOTE = Note()


class Reply(NamedTuple):
    """`body`: bytes, or an iterable of them that is sent as it is made."""

    status: int
    body: bytes | Iterable[bytes] = b""
    headers: tuple[tuple[str, str], ...] = _NO_HEADERS
    content_type: str = JSON
    note: Note = NO_NOTE

    def with_headers(self, *headers: tuple[str, str]) -> Reply:
        return self._replace(headers=(*self.headers, *headers))


class Ready(NamedTuple):
    """A reply that only has to be sent. `ended`: called with the bytes of the body when it is."""

    reply: Reply
    ended: Callable[[int], None]


class Refused(Exception):
    """The server itself refuses a call. `reason` is for the audit log and the metrics, `message` for the client.

    `path`: of a call with a method that no path has, so that the face can name the methods that this path has.
    """

    def __init__(
        self,
        status: int,
        reason: str,
        message: str,
        headers: tuple[tuple[str, str], ...] = _NO_HEADERS,
        path: str = "",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message
        self.headers = headers
        self.path = path


def json_reply(
    status: int, document: Any, headers: tuple[tuple[str, str], ...] = _NO_HEADERS, note: Note = NO_NOTE
) -> Reply:
    """A reply with a JSON document."""
    return Reply(status, strict_json.dumps(document).encode("ascii") + b"\n", headers, note=note)


def note_of(response: Response, indicator: str | None = None, document: Any = None) -> Note:
    """The note for a response of the core. If neither `indicator` nor the response says what was asked about, the
    request `document` does: what was submitted counts also if the call failed.
    """
    data, meta, error = response["data"], response["meta"], response["error"]
    about = indicator if indicator is not None else (data or {}).get("indicator") or submitted_in(document)
    return Note(
        action=response["action"] or "",
        indicators=(about,) if isinstance(about, str) else (),
        outcome=error["code"] if error is not None else response["status"],
        source=meta["source"],
        requests=meta["requests"],
        waited_s=meta["waited_s"],
        http_status=_last_status(response) if meta["requests"] else None,
        is_of_state=error is not None and error["details"].get("source") == "state",
    )


def submitted_in(document: Any) -> str | None:
    """What a request document is about, as its client sent it, without user names and passwords of URLs and without
    the request's own key. None if it does not say.
    """
    document = document if isinstance(document, Mapping) else {}
    params, auth = (_mapping(document.get(name)) for name in ("params", "auth"))
    given = (params.get(name) for name in _ABOUT)
    about = next((value for value in given if isinstance(value, str) and value), None)
    if about is None:
        return None
    key = auth.get("api_key")
    about = _USER_IN_URL.sub(r"\1", about)
    return about.replace(key, "[key]") if isinstance(key, str) and key else about


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _last_status(response: Response) -> int | None:
    error = response["error"]
    if error is not None:
        return error["http_status"]
    return 404 if response["status"] == "not_found" else 200
