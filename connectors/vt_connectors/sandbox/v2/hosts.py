"""API v2's calls on domains and IP addresses."""

from __future__ import annotations

from ..data.kinds import Item, Kind
from ..data.verdicts import is_heard_of
from ..errors import ApiError
from ..http.messages import JsonObject
from ..state import State
from ..v3.resolutions import resolutions_of
from . import host_reports
from .call import Answer, V2Call, require


def domain_report(state: State, call: V2Call) -> Answer:
    """domain/report."""
    require(call, "domain")
    try:
        item = state.dataset.find(Kind.DOMAIN, call.params["domain"])
    except ApiError as error:
        return _nothing("Domain not found") if error.status == 404 else _invalid("Invalid domain")
    return host_reports.domain_report(state, item, _resolutions(item))


def ip_report(state: State, call: V2Call) -> Answer:
    """ip-address/report: IPv4 only. Unlike v3, v2 has no report on addresses that were never seen."""
    require(call, "ip")
    address = call.params["ip"]
    try:
        item = state.dataset.find(Kind.IP, address)
    except ApiError:
        return _invalid("Invalid IP address")
    if ":" in item.value:
        return _invalid("Invalid IP address")
    if not is_heard_of(item) and not state.analyses.newest_first(item):
        return _nothing("Missing IP address")
    return host_reports.ip_report(state, item, _resolutions(item))


def _resolutions(item: Item) -> list[JsonObject]:
    return [row["attributes"] for row in resolutions_of(item, lambda ident: "")]


def _nothing(verbose_msg: str) -> JsonObject:
    return {"response_code": 0, "verbose_msg": verbose_msg}


def _invalid(verbose_msg: str) -> JsonObject:
    return {"response_code": -1, "verbose_msg": verbose_msg}
