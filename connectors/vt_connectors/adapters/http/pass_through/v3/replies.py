"""Parts of the replies to calls of API v3."""

from __future__ import annotations

from .....actions.path_objects import about as known_object
from .....actions.path_objects import indicator_in
from .....contract.response import Response
from ...messages import Call, Note, Reply, note_of
from ..reply_headers import headers_of
from .errors import error_reply, not_found_reply, skipped_reply
from .paths import Target


def unsuccessful(response: Response, target: Target, note: Note) -> Reply:
    """The reply to a response that is not `ok`."""
    if response["status"] == "not_found":
        reply = not_found_reply(target.segments[0], target.told or target.segments[-1], note)
    elif response["status"] == "skipped":
        reply = skipped_reply(response, note)
    else:
        reply = error_reply(response, note)
    return reply.with_headers(*headers_of(response))


def note_on(response: Response, call: Call, target: Target, submitted: str | None = None) -> Note:
    """The note for the audit log. `submitted`: what the body has, such as a URL or the SHA-256 of a file."""
    indicator = indicator_in(target.segments)
    about = indicator.value if indicator is not None else None
    if submitted is not None:
        asked = {"value": submitted}
    elif target.segments[-1] == "search":
        asked = {"query": target.values.get("query", "")}
    else:
        asked = {"value": (known_object(target.segments) or {}).get("indicator", "")}
    return note_of(response, about, {"params": asked})._replace(action=f"{call.method} {target.template}")
