"""Handlers of the account of a key."""

from __future__ import annotations

from ..accounts import overall_quotas, user_id, user_object
from ..errors import not_found
from ..http.messages import JsonObject, Response, json_response
from ..state import State
from .calls import Call, route


@route("GET", "/api/v3/users/*")
def user(state: State, call: Call) -> Response:
    """GET /users/{id or key}."""
    _require_own_user(call)
    return json_response({"data": _user(state, call)})


@route("GET", "/api/v3/me")
def me(state: State, call: Call) -> Response:
    """GET /me: the user of the key."""
    return json_response({"data": _user(state, call)})


@route("GET", "/api/v3/users/*/overall_quotas")
def quotas(state: State, call: Call) -> Response:
    """GET /users/{id or key}/overall_quotas."""
    _require_own_user(call)
    return json_response({"data": overall_quotas(state.allowances(call.key))})


@route("GET", "/api/v3/users/*/api_usage")
def api_usage(state: State, call: Call) -> Response:
    """GET /users/{id or key}/api_usage with start_date and end_date."""
    _require_own_user(call)
    query = call.request.query
    return json_response({"data": state.usage.of(call.key, query.get("start_date"), query.get("end_date"))})


def _user(state: State, call: Call) -> JsonObject:
    link = state.links.to("users", user_id(call.key))
    return user_object(call.key, state.allowances(call.key), call.licences, link)


def _require_own_user(call: Call) -> None:
    if call.ids[0] not in (call.key, user_id(call.key)):
        raise not_found(f'User "{call.ids[0]}" not found')
