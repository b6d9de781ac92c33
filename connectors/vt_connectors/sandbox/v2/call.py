"""A parsed call of API v2: its parameters, its key, and its file; and what its handler answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Callable, Union
from urllib.parse import parse_qsl

from ..data.catalogue import FileFacts
from ..errors import bad_request
from ..http.messages import JsonObject, Request
from ..http.multipart import Multipart, boundary_of
from ..state import SandboxConfig, State
from ..uploads import measured

# The path prefix of upload URLs.
UPLOAD = "file/scan/upload"
_LONGEST_FIELD = 65536  # bytes; the rest of a longer part that is not a file is dropped
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class V2Call:
    """`name` is for example `file/report`; `params` are those of URL and body, without the key."""

    method: str
    name: str
    params: Mapping[str, str]
    key: str
    facts: FileFacts | None = None

    def values(self, param: str, separator: str, most: int) -> list[str]:
        """The first `most` values of a parameter."""
        parts = (part.strip() for part in self.params.get(param, "").split(separator))
        return [part for part in parts if part][:most]


Answer = Union[JsonObject, list[JsonObject]]
Handler = Callable[[State, V2Call], Answer]


def read_call(request: Request, config: SandboxConfig) -> V2Call:
    """Parse a request and read its whole body. Raises ApiError 400, BodyTooLargeError."""
    params = dict(request.query)
    name = "/".join(request.segments[2:])
    limit = config.direct_upload_limit
    if name.startswith(f"{UPLOAD}/"):
        name, params["ticket"], limit = UPLOAD, request.segments[-1], config.upload_limit
    facts = None
    content_header = request.headers.get("content-type", "")
    content_type = content_header.partition(";")[0].strip().lower()
    if request.method == "POST" and content_type == "multipart/form-data":
        body = request.body_within(limit)
        fields, facts = _parts(Multipart(body, boundary_of(content_header)))
        params.update(fields)
    elif request.method == "POST":
        content = request.content(config.body_limit).decode("utf-8", "replace")
        # A body of any other type is not read, so a key in it is missing.
        params.update(parse_qsl(content, keep_blank_values=True) if content_type == _FORM else ())
    key = params.pop("apikey", "").strip()
    return V2Call(request.method, name, params, key, facts)


def require(call: V2Call, *params: str) -> None:
    """ApiError 400 unless the call has all of `params`."""
    for param in params:
        if not call.params.get(param, "").strip():
            raise bad_request(f"the parameter {param} is missing")


def each(resources: Sequence[str], answer: Callable[[str], JsonObject]) -> Answer:
    """One document for one resource, an array for several, in their order."""
    found = [answer(resource) for resource in resources]
    return found[0] if len(found) == 1 else found


def _parts(body: Multipart) -> tuple[dict[str, str], FileFacts | None]:
    fields: dict[str, str] = {}
    facts = None
    for part in body.parts():
        if part.name == "file":
            facts = measured(part)
        else:
            fields[part.name] = _text(part.blocks)
    return fields, facts


def _text(blocks: Iterable[bytes]) -> str:
    kept = b""
    for block in blocks:
        kept += block[: _LONGEST_FIELD - len(kept)]
    return kept.decode("utf-8", "replace")
