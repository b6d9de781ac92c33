"""Clients of API v3 for tests: vt-py, and one that works as vt-go does, both directly and through the server."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from typing import Any

import requests
import vt

from ..serving import EVERYTHING, KEY, Serving


def key_digests(server: Serving) -> set[str]:
    """Digests of the keys of all requests that the sandbox received."""
    return {each.key for each in server.sandbox.all_requests}


def digest(key: str) -> str:
    """As the sandbox logs a key."""
    from vt_connectors.sandbox.accounts import key_digest

    return key_digest(key)


class GoClient:
    """Like vt-go: pages by the absolute `links.next`, sends files in chunks, and URLs as a multipart form."""

    def __init__(self, host: str, key: str) -> None:
        self.host = host
        self._headers = {"x-apikey": key, "User-Agent": "unknown; vtgo 1.0; gzip", "Accept-Encoding": "gzip"}

    def get(self, url: str) -> requests.Response:
        url = url if url.startswith("http") else f"{self.host}/api/v3/{url}"
        return requests.get(url, headers=self._headers, timeout=60, allow_redirects=False)

    def pages(self, path: str) -> Iterator[list[Any]]:
        url: str | None = path
        while url is not None:
            document = self.get(url).json()
            yield document["data"]
            url = document["links"].get("next")

    def post_in_chunks(self, url: str, content: bytes, field: str = "file") -> requests.Response:
        """A multipart body without a Content-Length."""
        url = url if url.startswith("http") else f"{self.host}/api/v3/{url}"
        prepared = requests.Request("POST", url, files={field: ("sample.bin", content)}).prepare()
        stream = io.BytesIO(prepared.body or b"")  # type: ignore[arg-type]
        headers = {**self._headers, "Content-Type": prepared.headers["Content-Type"]}
        pieces = iter(lambda: stream.read(65536), b"")
        return requests.post(url, data=pieces, headers=headers, timeout=120)

    def scan_file(self, content: bytes) -> requests.Response:
        """Over 30 MB, to the address that is given for it."""
        if len(content) <= 30 * 1024 * 1024:
            return self.post_in_chunks("files", content)
        return self.post_in_chunks(self.get("files/upload_url").json()["data"], content)

    def scan_url(self, url: str) -> requests.Response:
        files = {"url": (None, url)}
        return requests.post(f"{self.host}/api/v3/urls", files=files, headers=self._headers, timeout=60)

    def post(self, path: str, document: Any = None) -> requests.Response:
        return requests.post(f"{self.host}/api/v3/{path}", json=document, headers=self._headers, timeout=60)

    def delete(self, path: str) -> requests.Response:
        return requests.delete(f"{self.host}/api/v3/{path}", headers=self._headers, timeout=60)


def direct_client(server: Serving) -> GoClient:
    return GoClient(server.sandbox.url, KEY)


def client_through(server: Serving, token: str = EVERYTHING) -> GoClient:
    return GoClient(server.url, token)


def vt_py(host: str, key: str) -> vt.Client:
    return vt.Client(key, host=host)


def content_of(size: int) -> bytes:
    """Bytes of that size, which are the same each time."""
    block = hashlib.sha256(str(size).encode()).digest()
    return (block * (size // len(block) + 1))[:size]


def hashes_of(content: bytes) -> list[str]:
    """Its MD5 and SHA-256."""
    return [hashlib.md5(content, usedforsecurity=False).hexdigest(), hashlib.sha256(content).hexdigest()]
