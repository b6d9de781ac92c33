"""The bodies of writing calls: JSON, or forms with or without a file."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from ..... import strict_json
from .....actions.file_sample import ReceivedFile
from .....quick_imports import pattern
from ....server.documents import MOST_BYTES
from ...messages import JSON, Call, Refused
from ..forms import MULTIPART, URL_ENCODED, Form, read_form
from .paths import OF_KEY

_LOOK_BYTES = 1024
_NAME = pattern(r"[A-Za-z0-9_-]{1,64}")


class Body(NamedTuple):
    """`content`: JSON with its type. `fields`: of a form. `file`: of a multipart form.

    `told`: everything in it but the file's content, decoded.
    """

    content: tuple[bytes, str] | None = None
    fields: Mapping[str, str] = MappingProxyType({})
    file: ReceivedFile | None = None
    told: Any = None


def body_of(call: Call) -> Body:
    """Raises `Refused` for a body that is malformed, too large, or of another type."""
    if call.length == 0:
        return Body()
    # curl sends this type if the client names none.
    if call.media_type == URL_ENCODED and _begins_like_an_object(call):
        return _of_json(call)
    if call.media_type in (MULTIPART, URL_ENCODED):
        return _of_form(read_form(call))
    if call.media_type == JSON or call.media_type.endswith("+json"):
        return _of_json(call)
    types = f"{JSON}, {MULTIPART} or {URL_ENCODED}"
    raise Refused(415, "media_type", f"name the type of the body in the header Content-Type: {types}")


def file_in(body: Body) -> ReceivedFile:
    """The file of an upload. Raises `Refused` if there is none."""
    if body.file is None:
        raise Refused(400, "form", f"there is no file: send it as the field file, with Content-Type: {MULTIPART}")
    return body.file


def _begins_like_an_object(call: Call) -> bool:
    """No field of a form that is passed on begins so."""
    call.body.seek(0)
    begin = call.body.read(_LOOK_BYTES)
    call.body.seek(0)
    return begin.lstrip()[:1] == b"{"


def _of_json(call: Call) -> Body:
    """Written again in ASCII, so that no escape hides a token in it."""
    if call.length > MOST_BYTES:
        raise Refused(413, "too_large", f"the body has more than {MOST_BYTES} bytes")
    try:
        told = strict_json.loads_finite(call.body.read(MOST_BYTES).decode("utf-8"))
        content = strict_json.dumps(told).encode("ascii")
    except UnicodeDecodeError:
        raise Refused(400, "not_utf8", "the body is not UTF-8") from None
    except (ValueError, RecursionError):
        raise Refused(
            400, "not_json", f"the body is not JSON; other bodies need another Content-Type than {JSON}"
        ) from None
    return Body((content, JSON), told=told)


def _of_form(form: Form) -> Body:
    """The names are written into the headers of a multipart body, so they must be plain."""
    values = [(name, value) for name, value in form.values if name.lower() not in OF_KEY]
    if not all(_NAME.fullmatch(name) for name, _ in values):
        raise Refused(400, "form", "the name of a field is not a plain word")
    fields = dict(values)
    if len(fields) < len(values):
        raise Refused(400, "form", "the form has a field twice")
    name = form.file.name if form.file is not None else ""
    return Body(fields=fields, file=form.file, told=[fields, name])
