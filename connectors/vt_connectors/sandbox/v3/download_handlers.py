"""Handlers of downloads: of files, and of zip files made of them."""

from __future__ import annotations

import json

from ..accounts import Licence
from ..data.kinds import Kind
from ..errors import ApiError, bad_request, not_found
from ..features import Feature
from ..http.messages import JsonObject, Response, json_response
from ..state import State
from ..zips import ZipOrder
from .calls import Call, route

_ZIPS = "/api/v3/intelligence/zip_files"


@route("GET", "/api/v3/files/*/download", Licence.PREMIUM)
def download(state: State, call: Call) -> Response:
    """GET /files/{id}/download: where the content is."""
    return redirect(_file_address(state, call))


@route("GET", "/api/v3/files/*/download_url", Licence.PREMIUM)
def download_url(state: State, call: Call) -> Response:
    """GET /files/{id}/download_url: the same address as text; it counts as a download."""
    return json_response({"data": _file_address(state, call)})


def redirect(address: str) -> Response:
    """302 with an empty body."""
    headers = (("Location", address), ("Cache-Control", "no-cache"))
    return Response(302, b"", "text/html; charset=utf-8", headers=headers)


def _file_address(state: State, call: Call) -> str:
    item = state.dataset.find(Kind.FILE, call.ids[0])
    content = state.contents.of(item.value)
    if content is None:
        raise not_found(f'File "{call.ids[0]}" not found')
    state.features.spend(call.key, Feature.DOWNLOAD)
    return state.storage.address(item.value, content)


@route("POST", _ZIPS, Licence.PREMIUM)
def order_zip(state: State, call: Call) -> Response:
    """POST /intelligence/zip_files with hashes and a password; each file counts as a download."""
    hashes, password = _zip_ordered(state, call)
    contents: dict[str, bytes] = {}
    for ident in hashes:
        try:
            sha256 = state.dataset.find(Kind.FILE, ident).value
        except ApiError:
            continue
        content = state.contents.of(sha256)
        if content is not None and sha256 not in contents:
            state.features.spend(call.key, Feature.DOWNLOAD)
            contents[sha256] = content
    order = state.zips.order(call.key, contents, len(hashes) - len(contents), password, state.clock())
    return json_response({"data": _zip_object(state, order)})


@route("GET", f"{_ZIPS}/*", Licence.PREMIUM)
def zip_status(state: State, call: Call) -> Response:
    """GET /intelligence/zip_files/{id}."""
    return json_response({"data": _zip_object(state, _zip_order(state, call))})


@route("GET", f"{_ZIPS}/*/download", Licence.PREMIUM)
def download_zip(state: State, call: Call) -> Response:
    """GET /intelligence/zip_files/{id}/download: where the zip file is."""
    return redirect(_zip_address(state, call))


@route("GET", f"{_ZIPS}/*/download_url", Licence.PREMIUM)
def zip_url(state: State, call: Call) -> Response:
    """GET /intelligence/zip_files/{id}/download_url: the same address as text."""
    return json_response({"data": _zip_address(state, call)})


def _zip_ordered(state: State, call: Call) -> tuple[list[str], str]:
    try:
        data = json.loads(call.request.content(state.config.body_limit))["data"]
        hashes, password = data["hashes"], data.get("password") or ""
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise bad_request("The body must be a JSON object with hashes under data") from None
    texts = [*hashes, password] if isinstance(hashes, list) else [None]
    if not hashes or not all(isinstance(text, str) for text in texts):
        raise bad_request("hashes must be a list of texts, and password a text")
    return hashes, password


def _zip_order(state: State, call: Call) -> ZipOrder:
    found = state.zips.find(call.key, call.ids[0])
    if found is None:
        raise not_found(f'Zip file "{call.ids[0]}" not found')
    return found


def _zip_object(state: State, order: ZipOrder) -> JsonObject:
    return {"type": "zip_file", "id": order.id, "attributes": state.zips.attributes(order, state.clock())}


def _zip_address(state: State, call: Call) -> str:
    order = _zip_order(state, call)
    content = state.zips.content(order, state.clock())
    if content is None:
        raise ApiError(400, "NotAvailableYet", "The zip file is not finished")
    return state.storage.address(f"{order.id}.zip", content)
