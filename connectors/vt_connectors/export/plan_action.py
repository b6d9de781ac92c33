"""The calls of an action, for other tools."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Callable

from ..actions import comment, passive_dns
from ..actions.action import Action, Deferred
from ..actions.analysis import checked_id
from ..actions.file_access import FileAccess
from ..actions.file_sample import opened
from ..actions.lookup import any_indicator, related_names, skipped
from ..actions.private_options import is_private, password_of
from ..actions.quota import usage_days
from ..actions.registry import find
from ..actions.relationships import Relationship, indicator_of
from ..clock import SystemClock
from ..contract.documents import Request
from ..errors import InvalidRequest
from ..indicators import Indicator, Kind, NeverQuery, parse_as
from ..redaction import KeyGuard, known_keys
from ..virustotal.http.multipart import sent_name
from .further_plans import FURTHER_PLANS, WITHOUT_PLAN
from .plan import KEY, Call, Calls, Captured, Check, File, Planner, RequestPlan, Value
from .plan_v2 import PlannerV2
from .plan_v3 import PlannerV3
from .private_plans import PRIVATE_REPORTS, private_analysis, private_scan_file, private_scan_url

__all__ = ["KEY", "Call", "Calls", "Captured", "Check", "RequestPlan", "Value", "request_plan"]

_VERSIONS: dict[str, Planner] = {"2": PlannerV2(), "3": PlannerV3()}
Params = Mapping[str, Any]


def request_plan(
    request: Request, api_version: str, never_query: NeverQuery, guard: KeyGuard, access: FileAccess
) -> RequestPlan:
    """The calls of the action without cached answers. Raises `ConnectorError`."""
    guard.read_key()
    guard.refuse(request.action, request.params)
    action = find(request.action)
    action.check(request.params)
    api, params = _VERSIONS[api_version], request.params
    if request.action == "scan_file":
        private = is_private(params)
        return private_scan_file(api, params, access) if private else RequestPlan(_scan_file(api, params, access))
    if request.action == "scan_url" and is_private(params):
        return private_scan_url(api, params, never_query)
    if request.action == "get_analysis" and params.get("private"):
        return private_analysis(api, params)
    if request.action in PRIVATE_REPORTS:
        return PRIVATE_REPORTS[request.action](api, params, never_query)
    if request.action in FURTHER_PLANS:
        return FURTHER_PLANS[request.action](api, params, never_query)
    if request.action in _OTHERS:
        return RequestPlan(_OTHERS[request.action](api, params))
    read, calls = _on_indicator(request.action, action)
    indicator = read(params, never_query)
    reason = never_query.reason(indicator)
    if reason is not None:
        return RequestPlan((), skipped(indicator, reason).summary)
    return RequestPlan(calls(api, indicator, params))


def has_plan(action: Action) -> bool:
    """Whether `request_plan` knows the action's calls."""
    named = {"scan_file", *_OTHERS, *_ON_INDICATORS, *FURTHER_PLANS, *PRIVATE_REPORTS}
    return action.name in named or _relationship(action) is not None


def _on_indicator(name: str, action: Action) -> tuple[Read, OnIndicator]:
    """Raises `InvalidRequest` if the action has no plan."""
    if name in _ON_INDICATORS:
        return _ON_INDICATORS[name]
    related = _relationship(action)
    if related is None:
        why = f": {WITHOUT_PLAN[name]}" if name in WITHOUT_PLAN else ""
        raise InvalidRequest(f"{name} cannot be shown as calls to make by hand{why}; run vtaction {name}")
    return related.indicator_of, lambda api, found, params: api.related(
        related.endpoint, found, related.limit_of(params)
    )


def _relationship(action: Action) -> Relationship | None:
    target = action.run.target() if isinstance(action.run, Deferred) else action.run
    return target if isinstance(target, Relationship) else None


def _scan_file(api: Planner, params: Params, access: FileAccess) -> Calls:
    if "path" not in params:
        raise InvalidRequest("/params needs path: the exported calls send a file", details={"path": "/params"})
    with opened(params, access, known_keys()) as sample:
        calls = api.scan_file(File(params["path"], sent_name(sample.filename)), sample.size)
    password = password_of(params)
    if password is not None:
        calls = (*calls[:-1], replace(calls[-1], values={"password": password}))
    return _waited_for(api, calls, "hash", params)


def _waited_for(api: Planner, calls: Calls, kind: Kind, params: Params) -> Calls:
    return api.until_over(calls, kind) if params.get("wait_s") else calls


def _look_up_url(api: Planner, url: Indicator, params: Params) -> Calls:
    return api.look_up_or_scan(url) if params.get("scan_if_missing") else _look_up(api, url, params)


def _look_up(api: Planner, indicator: Indicator, params: Params) -> Calls:
    return api.lookup(indicator, related_names(params))


Read = Callable[[Params, NeverQuery], Indicator]
OnIndicator = Callable[[Planner, Indicator, Params], Calls]

_ON_INDICATORS: dict[str, tuple[Read, OnIndicator]] = {
    "lookup": (any_indicator, _look_up),
    "lookup_hash": (lambda params, _: parse_as("hash", params["hash"]), _look_up),
    "lookup_url": (lambda params, _: parse_as("url", params["url"]), _look_up_url),
    "lookup_domain": (lambda params, _: parse_as("domain", params["domain"]), _look_up),
    "lookup_ip": (lambda params, _: parse_as("ip", params["ip"]), _look_up),
    "add_comment": (indicator_of, lambda api, found, params: api.add_comment(found, params["comment"])),
    "add_vote": (indicator_of, lambda api, found, params: api.add_vote(found, params["verdict"])),
    "rescan": (
        indicator_of,
        lambda api, found, params: _waited_for(api, api.rescan(found), found.kind, params),
    ),
    "rescan_file": (
        lambda params, _: parse_as("hash", params["hash"]),
        lambda api, found, params: _waited_for(api, api.rescan(found), "hash", params),
    ),
    "scan_url": (
        lambda params, _: parse_as("url", params["url"]),
        lambda api, found, params: _waited_for(api, api.scan_url(found), "url", params),
    ),
    "passive_dns": (
        lambda params, _: passive_dns.indicator_of(params),
        lambda api, found, params: api.resolutions(found, params.get("limit", passive_dns.DEFAULT_LIMIT)),
    ),
    "get_comments": (
        indicator_of,
        lambda api, found, params: api.comments(found, params.get("limit", comment.DEFAULT_LIMIT)),
    ),
}
_OTHERS: dict[str, Callable[[Planner, Params], Calls]] = {
    "get_analysis": lambda api, params: api.analysis(checked_id(params["analysis_id"])),
    "quota": lambda api, params: api.quotas(usage_days(params, SystemClock().now())),
}
