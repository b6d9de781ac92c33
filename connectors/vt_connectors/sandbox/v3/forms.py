"""Forms in the body of a request."""

from __future__ import annotations

import io
from urllib.parse import parse_qs

from ..errors import bad_request
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
