"""Reads JSON bodies strictly: the type that the client declares, a bounded size and depth, and no name twice."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from .... import strict_json
from ...server.documents import MOST_BYTES, MOST_NESTED, is_nested_deeper
from ..messages import Call, Refused


def json_value(body: bytes) -> Any:
    """The JSON value of a body. Raises `Refused`."""
    try:
        value = strict_json.loads_once(body.decode("utf-8"))
    except UnicodeDecodeError:
        raise _not_json("it is not UTF-8") from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError as error:
        raise _not_json(str(error)) from None
    if body.count(b"{") + body.count(b"[") > MOST_NESTED and is_nested_deeper(value):
        raise _too_deep()
    return value


def checked_body(call: Call, media_types: Collection[str]) -> bytes:
    """The body of one of these types. Raises `Refused`."""
    if call.media_type not in media_types:
        raise Refused(415, "media_type", f"send the body with Content-Type: {' or '.join(media_types)}")
    if call.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise Refused(415, "content_encoding", "send the body without Content-Encoding")
    if call.length > MOST_BYTES:
        raise Refused(413, "too_large", f"the body is longer than {MOST_BYTES} bytes")
    return call.body.read(MOST_BYTES)


def _not_json(why: str) -> Refused:
    return Refused(400, "not_json", f"the body is not JSON: {why}")


def _too_deep() -> Refused:
    return Refused(400, "not_json", f"the body is nested more than {MOST_NESTED} levels deep")
