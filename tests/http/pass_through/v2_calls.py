"""Calls of API v2 to the server, as its clients make them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import requests

from ..serving import EVERYTHING, Serving

EICAR_MD5 = "44d88612fea8a8f36de82e1278abb02f"
EICAR_SHA1 = "3395856ce81f2b7382dee72602f798b642f14140"
EICAR_SHA256 = "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"
UNKNOWN_FILE = "The requested resource is not among the finished, queued or pending scans"


def get(server: Serving, name: str, token: str = EVERYTHING, **values: str) -> requests.Response:
    """A GET with the token in the query."""
    return get_with({}, server, name, token, **values)


def get_with(
    headers: Mapping[str, str], server: Serving, name: str, token: str = EVERYTHING, **values: str
) -> requests.Response:
    """The same with further headers."""
    return server.call("GET", f"/vtapi/v2/{name}", None, headers, params={"apikey": token, **values})


def post(server: Serving, name: str, token: str = EVERYTHING, **values: str) -> requests.Response:
    """A POST with the token in a form."""
    return server.call("POST", f"/vtapi/v2/{name}", None, data={"apikey": token, **values})


def upload(
    server: Serving, content: bytes, token: str = EVERYTHING, name: str = "sample.bin", path: str = "file/scan"
) -> requests.Response:
    """A POST with token and file in a multipart form."""
    files = {"file": (name, content)}
    return server.call("POST", f"/vtapi/v2/{path}", None, data={"apikey": token}, files=files)


def document(reply: requests.Response) -> Any:
    assert reply.status_code == 200, (reply.status_code, reply.text)
    return reply.json()


def upstream(server: Serving) -> list[str]:
    """The paths of the requests that reached VirusTotal."""
    return [request.path for request in server.sandbox.requests]
