"""Handlers of downloads: of files, and of zip files made of them."""

from __future__ import annotations

from ..data.kinds import Kind
from ..errors import not_found
from ..features import Feature
from ..http.messages import Response, json_response
from ..licences import Licence
from ..state import State
from .calls import Call, route


@route("GET", "/api/v3/files/*/download", Licence.PREMIUM)
def download(state: State, call: Call) -> Response:
    """GET /files/{id}/download: where the content is."""
    return redirect(_address(state, call))


@route("GET", "/api/v3/files/*/download_url", Licence.PREMIUM)
def download_url(state: State, call: Call) -> Response:
    """GET /files/{id}/download_url: the same address as text; it counts as a download."""
    return json_response({"data": _address(state, call)})


def redirect(address: str) -> Response:
    """302 with an empty body."""
    headers = (("Location", address), ("Cache-Control", "no-cache"))
    return Response(302, b"", "text/html; charset=utf-8", headers=headers)


def _address(state: State, call: Call) -> str:
    item = state.dataset.find(Kind.FILE, call.ids[0])
    content = state.contents.of(item.value)
    if content is None:
        raise not_found(f'File "{call.ids[0]}" not found')
    state.features.spend(call.key, Feature.DOWNLOAD)
    return state.storage.address(item.value, content)
