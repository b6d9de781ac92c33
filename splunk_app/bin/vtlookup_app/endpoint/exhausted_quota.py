"""A call of the endpoint without requests to VirusTotal: which of many lookups are refused now for lack of quota."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from vt_connectors.contract.documents import read_request
from vt_connectors.core import Core
from vt_connectors.errors import InvalidRequest, TooLarge
from vt_connectors.indicators import has_no_value
from vt_connectors.misconfigured import Misconfigured
from vt_connectors.quota.waiters import Claim

from ..limits import MOST_VALUES

if TYPE_CHECKING:
    from vt_connectors.contract.response import Response

REFUSED = "refused"
_KINDS = ("hash", "url", "domain", "ip", None)


def refusals(core: Core | Misconfigured, call: Any, claim: Claim) -> dict[str, Any]:
    """The reply to `{"type", "values", "options"}`: distinct `responses`, and `of`: the index of each value's response.

    None is for a value to look up in the normal way. Raises `ConnectorError`.
    """
    values = call.get("values") if isinstance(call, dict) else None
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise InvalidRequest(f"/{REFUSED}/values must be a list of strings", details={"path": f"/{REFUSED}/values"})
    if len(values) > MOST_VALUES:
        raise TooLarge(f"{len(values)} values are more than {MOST_VALUES}; send fewer at once")
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
    """The responses to those of `values` that are refused, from the endpoint's `reply`.

    Raises `ValueError`, `LookupError` or `TypeError` for an invalid reply.
    """
    responses, places = reply["responses"], reply["of"]
    if len(places) != len(values) or not all(response["meta"] and response["error"] for response in responses):
        raise ValueError("not a reply")
    return {value: responses[place] for value, place in zip(values, places) if place is not None}
