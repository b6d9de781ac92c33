"""Handlers of zip files made of several files."""

from __future__ import annotations

import json

from ..data.kinds import Kind
from ..errors import ApiError, bad_request, not_found
from ..features import Feature
from ..http.messages import JsonObject, Response, json_response
from ..licences import Licence
from ..state import State
from ..zips import ZipOrder
from .calls import Call, route
from .download_handlers import redirect

_BASE = "/api/v3/intelligence/zip_files"


@route("POST", _BASE, Licence.PREMIUM)
def order_zip(state: State, call: Call) -> Response:
    """POST /intelligence/zip_files with hashes and a password; each file counts as a download."""
    hashes, password = _ordered(state, call)
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
    return json_response({"data": _object(state, order)})


@route("GET", f"{_BASE}/*", Licence.PREMIUM)
def zip_status(state: State, call: Call) -> Response:
    """GET /intelligence/zip_files/{id}."""
    return json_response({"data": _object(state, _order(state, call))})


@route("GET", f"{_BASE}/*/download", Licence.PREMIUM)
def download_zip(state: State, call: Call) -> Response:
    """GET /intelligence/zip_files/{id}/download: where the zip file is."""
    return redirect(_address(state, call))


@route("GET", f"{_BASE}/*/download_url", Licence.PREMIUM)
def zip_url(state: State, call: Call) -> Response:
    """GET /intelligence/zip_files/{id}/download_url: the same address as text."""
    return json_response({"data": _address(state, call)})


def _ordered(state: State, call: Call) -> tuple[list[str], str]:
    try:
        data = json.loads(call.request.content(state.config.body_limit))["data"]
        hashes, password = data["hashes"], data.get("password") or ""
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise bad_request("The body must be a JSON object with hashes under data") from None
    texts = [*hashes, password] if isinstance(hashes, list) else [None]
    if not hashes or not all(isinstance(text, str) for text in texts):
        raise bad_request("hashes must be a list of texts, and password a text")
    return hashes, password


def _order(state: State, call: Call) -> ZipOrder:
    found = state.zips.find(call.key, call.ids[0])
    if found is None:
        raise not_found(f'Zip file "{call.ids[0]}" not found')
    return found


def _object(state: State, order: ZipOrder) -> JsonObject:
    return {"type": "zip_file", "id": order.id, "attributes": state.zips.attributes(order, state.clock())}


def _address(state: State, call: Call) -> str:
    order = _order(state, call)
    content = state.zips.content(order, state.clock())
    if content is None:
        raise ApiError(400, "NotAvailableYet", "The zip file is not finished")
    return state.storage.address(f"{order.id}.zip", content)
