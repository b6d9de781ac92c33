"""Puts the key into a request, just before it is sent, in the only place that needs it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from requests import PreparedRequest
from requests.auth import AuthBase

from ...api_key import ApiKey
from .multipart import MultipartBody
from .transport import HttpRequest


class _KeyHeader(AuthBase):
    """Adds the key if it belongs into the header. Its presence keeps `requests` from using a `.netrc`."""

    def __init__(self, key: ApiKey | None) -> None:
        self._key = key

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        if self._key is not None:
            request.headers["x-apikey"] = self._key.reveal()
        return request


@dataclass(frozen=True, repr=False)
class Keyed:
    """A request with its key, ready for `requests`."""

    url: str
    body: bytes | MultipartBody | None
    content_type: str | None
    auth: AuthBase


def with_key(request: HttpRequest, key: ApiKey) -> Keyed:
    """`request` with the key in the place where VirusTotal expects it."""
    place, url = request.key, request.url
    pair = urlencode({"apikey": key.reveal()})
    body: bytes | MultipartBody | None = request.body
    content_type = request.content_type
    if request.upload is not None:
        of_key = {"apikey": key.reveal()} if place == "multipart" else {}
        body = MultipartBody(request.upload, {**of_key, **request.fields})
        content_type = body.content_type
    elif place == "form":
        body = b"&".join(part for part in (pair.encode(), request.body) if part)
    if place == "query":
        url += ("&" if "?" in url else "?") + pair
    return Keyed(url, body, content_type, _KeyHeader(key if place == "header" else None))
