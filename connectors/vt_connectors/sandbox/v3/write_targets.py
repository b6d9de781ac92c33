"""What a write is about: the URL that is submitted, or the item that is voted or commented on."""

from __future__ import annotations

import io
from urllib.parse import parse_qs

from ..data.identifiers import sha256_of
from ..data.kinds import Item, Kind
from ..errors import ApiError, bad_request, not_found
from ..state import State
from ..uploads import receive_form
from .calls import Call

_FORM = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"


def submitted_url(state: State, call: Call) -> str:
    """The field `url` of a form. ApiError 400 without one."""
    content = call.request.content(state.config.body_limit)
    content_type = call.request.headers.get("content-type", "")
    kind = content_type.partition(";")[0].strip().lower()
    url = ""
    if kind == _FORM:
        url = parse_qs(content.decode("utf-8", "replace")).get("url", [""])[0]
    elif kind == _MULTIPART:
        url = receive_form(io.BytesIO(content), content_type).fields.get("url", "")
    if not url:
        raise bad_request("The form field url is missing")
    return url


def item_to_write_on(state: State, kind: Kind, ident: str) -> Item:
    """The item for a comment or a vote. ApiError 404; a URL's base64 id is valid only for reading."""
    if kind is not Kind.URL:
        return state.dataset.find(kind, ident)
    missing = not_found(f'Item "{ident}" type "URL" not found')
    if sha256_of(ident) is None:
        raise missing
    try:
        return state.dataset.find(kind, ident)
    except ApiError:
        raise missing from None
