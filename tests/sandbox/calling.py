"""Clients for the sandbox's tests."""

from __future__ import annotations

import base64
from typing import Any

import requests

EICAR_MD5 = "44d88612fea8a8f36de82e1278abb02f"
EICAR_SHA1 = "3395856ce81f2b7382dee72602f798b642f14140"
EICAR_SHA256 = "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"

NOON = 1_760_011_200.0  # 2025-10-09 12:00:00 UTC


class SettableClock:
    """A clock that only the test advances; epoch seconds."""

    def __init__(self, now: float = NOON) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


class Caller:
    """Calls one sandbox with one key over one connection; paths are relative to /api/v3."""

    def __init__(self, url: str, key: str | None = "test-key") -> None:
        self.base = f"{url}/api/v3"
        self.session = requests.Session()
        self.session.trust_env = False
        if key is not None:
            self.session.headers["X-Apikey"] = key

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.session.get(f"{self.base}/{path}", timeout=60, **options)

    def post(self, path: str, **options: Any) -> requests.Response:
        return self.session.post(f"{self.base}/{path}", timeout=60, **options)

    def data(self, path: str) -> Any:
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def comment(self, collection: str, ident: str, text: str) -> requests.Response:
        body = {"data": {"type": "comment", "attributes": {"text": text}}}
        return self.post(f"{collection}/{ident}/comments", json=body)


def error_of(answer: requests.Response) -> tuple[int, str, str]:
    """Status, code and message of an error response."""
    error = answer.json()["error"]
    return answer.status_code, error["code"], error["message"]


def base64_id(url: str) -> str:
    """The unpadded URL-safe base64 id of a URL."""
    return base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")


class V2Caller:
    """Calls one sandbox with one key through API v2; paths are relative to /vtapi/v2."""

    def __init__(self, url: str, key: str = "test-key") -> None:
        self.url = url
        self.base = f"{url}/vtapi/v2"
        self.key = key
        self.session = requests.Session()
        self.session.trust_env = False

    def get(self, path: str, **params: str) -> requests.Response:
        return self.session.get(f"{self.base}/{path}", params={"apikey": self.key, **params}, timeout=60)

    def post(self, path: str, **params: str) -> requests.Response:
        return self.session.post(f"{self.base}/{path}", data={"apikey": self.key, **params}, timeout=60)

    def told(self, path: str, **params: str) -> Any:
        """The document in the response to a POST, or to a GET if the call has no POST."""
        by_get = path in ("domain/report", "ip-address/report", "comments/get", "file/scan/upload_url")
        answer = (self.get if by_get else self.post)(path, **params)
        assert answer.status_code == 200, answer.status_code
        assert answer.headers["Content-Type"] == "application/json"
        return answer.json()

    def upload(self, content: bytes, address: str | None = None, **options: Any) -> requests.Response:
        """Send a file with the key in a part, unless `options` say otherwise."""
        options = {"data": {"apikey": self.key}, "files": {"file": ("a.bin", content)}, **options}
        return self.session.post(address or f"{self.base}/file/scan", timeout=60, **options)
