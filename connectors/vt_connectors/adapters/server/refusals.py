"""A call without requests to VirusTotal: which of many lookups are refused now for lack of quota."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ...contract.documents import read_request
from ...core import Core
from ...errors import InvalidRequest, TooLarge
from ...indicators import has_no_value
from ...misconfigured import Misconfigured
from ...quota.waiters import Claim

if TYPE_CHECKING:
    from ...contract.response import Response

REFUSED = "refused"
_KINDS = ("hash", "url", "domain", "ip", None)


def refusals(core: Core | Misconfigured, call: Any, claim: Claim, most_values: int) -> dict[str, Any]:
    """The reply to `{"type", "values", "options"}`: distinct `responses`, and `of`: the index of each value's response.

    None is for a value to look up in the normal way. Raises `InvalidRequest`, and `TooLarge` for more than
    `most_values`.
    """
    values = call.get("values") if isinstance(call, dict) else None
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise InvalidRequest(f"/{REFUSED}/values must be a list of strings", details={"path": f"/{REFUSED}/values"})
    if len(values) > most_values:
        raise TooLarge(f"{len(values)} values are more than {most_values}; send fewer at once")
    kind: Any = call.get("type")
    if kind not in _KINDS:
        path = f"/{REFUSED}/type"
        raise InvalidRequest(f"{path} must be hash, url, domain, ip or null", details={"path": path})
    # The options are those of a request document.
    options = read_request({"action": "quota", "params": {}, "options": call.get("options", {})}).options
    found = core.look_up_at_hand(kind, values, options, claim, after_refusal=True)
    return _reply([None if has_no_value(value) else _refusal(found.get(value)) for value in values])


def _refusal(response: Response | None) -> Response | None:
    """Only a refusal; answers are sent in the normal way, because they may be large."""
    return None if response is None or response["error"] is None else response


def _reply(responses: Sequence[Response | None]) -> dict[str, Any]:
    distinct = {id(response): response for response in responses if response is not None}
    places = {identity: place for place, identity in enumerate(distinct)}
    return {"responses": list(distinct.values()), "of": [places.get(id(response)) for response in responses]}


def refused_values(values: Sequence[str], reply: Mapping[str, Any]) -> dict[str, Response]:
    """The responses to those of `values` that are refused, from the server's `reply`.

    Raises `ValueError`, `LookupError` or `TypeError` for an invalid reply.
    """
    responses, places = reply["responses"], reply["of"]
    if len(places) != len(values) or not all(response["meta"] and response["error"] for response in responses):
        raise ValueError("not a reply")
    return {value: responses[place] for value, place in zip(values, places) if place is not None}
