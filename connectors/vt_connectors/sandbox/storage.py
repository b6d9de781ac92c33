"""The storage of file contents: addresses for an hour, on a host of its own at VirusTotal, which wants no API key."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from urllib.parse import urlencode

from .http.messages import Request, Response
from .quotas import Clock

STORAGE = "vtsamples"
_VALID_S = 3600


class Storage:
    """Makes addresses below `base_url`, and answers requests to them from `contents`. No request changes anything."""

    def __init__(self, clock: Clock, base_url: str) -> None:
        self._clock = clock
        self._base_url = base_url
        self._secret = secrets.token_bytes(16)
        self._contents: dict[str, bytes] = {}

    def address(self, name: str, content: bytes) -> str:
        """An address where `content` can be fetched for an hour, as often as wanted, by whoever knows it."""
        self._contents[name] = content
        expires = str(int(self._clock()) + _VALID_S)
        signature = self._signature(name, expires)
        query = urlencode({"GoogleAccessId": "sandbox", "Expires": expires, "Signature": signature})
        return f"{self._base_url}/{STORAGE}/{name}?{query}"

    def answer(self, request: Request) -> Response:
        """The content; 400 for a request with a key or cookies, 403 for a wrong or old address."""
        if "x-apikey" in request.headers or "cookie" in request.headers:
            return _refusal(400, "InvalidArgument", "The storage takes no API key and no cookies")
        name, query = request.segments[-1], request.query
        expires = query.get("Expires", "")
        if not hmac.compare_digest(query.get("Signature", "").encode(), self._signature(name, expires).encode()):
            return _refusal(403, "SignatureDoesNotMatch", "Access denied.")
        if int(expires) < self._clock():
            return _refusal(400, "ExpiredToken", "The provided token has expired.")
        return Response(200, self._contents[name], "application/octet-stream")

    def _signature(self, name: str, expires: str) -> str:
        return hmac.new(self._secret, f"{name}\n{expires}".encode(), hashlib.sha256).hexdigest()


def _refusal(status: int, code: str, message: str) -> Response:
    text = f"<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return Response(status, text.encode("ascii"), "application/xml; charset=UTF-8")
