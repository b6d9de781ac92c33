"""Receipts: whoever got an answer of the IoC stream may say that it arrived, and the stream then continues after it.

splunkd may run several of these processes, and the call that says so may reach another one. So a receipt carries its
proof: it is a code over user, filter and position, made with a secret that all processes with the key have.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from vt_connectors.actions.ioc_stream import keep_position
from vt_connectors.core import Core
from vt_connectors.errors import InvalidRequest
from vt_connectors.misconfigured import Misconfigured

from ..limits import MAY_WRITE
from ..policy import Caller, may_move_streams

if TYPE_CHECKING:
    from vt_connectors.contract.response import Response

DELIVERED = "delivered"
_ACTION = "ioc_stream"


class Receipts:
    """Of one user, as splunkd names it."""

    def __init__(self, core: Core | Misconfigured, user: str) -> None:
        self._core = core
        self._user = user

    def of(self, requests: Sequence[Any], responses: Sequence[Response]) -> dict[str, dict[str, str]]:
        """`receipts` by cursor, if there are answers of the stream among the responses."""
        found = {}
        for request, response in zip(requests, responses):
            cursor = (response["data"] or {}).get("cursor") if response["action"] == _ACTION else None
            if isinstance(cursor, str):
                found[cursor] = self._receipt(request["params"].get("filter"), cursor)
        return {"receipts": found} if found else {}

    def take(self, call: Any, caller: Caller) -> dict[str, Any]:
        """The reply to `{"filter", "cursor", "receipt"}`: whether the position was kept, else why not.

        Raises `ConnectorError`.
        """
        if isinstance(self._core, Misconfigured):
            raise self._core.error
        if not isinstance(call, Mapping) or set(call) != {"filter", "cursor", "receipt"}:
            path = f"/{DELIVERED}"
            raise InvalidRequest(f"{path} must have filter, cursor and receipt", details={"path": path})
        if not may_move_streams(caller):
            return _not_kept(f"your role needs the capability {MAY_WRITE}")
        wanted, given = self._receipt(call["filter"], call["cursor"]), call["receipt"]
        if not isinstance(given, str) or not hmac.compare_digest(wanted.encode(), given.encode("utf-8", "replace")):
            return _not_kept("the receipt is not for this user, key, filter and position")
        keep_position(self._core.context, {"filter": call["filter"]}, call["cursor"])
        return {DELIVERED: True}

    def _receipt(self, filter_: Any, cursor: Any) -> str:
        assert isinstance(self._core, Core)
        context = self._core.context
        # Users do not see this hash of the key, which also names the quota's record.
        secret = context.owner(None) or ""
        told = json.dumps([_ACTION, self._user, context.space, filter_ or "", cursor])
        return hmac.new(secret.encode(), told.encode(), hashlib.sha256).hexdigest()


def _not_kept(why: str) -> dict[str, Any]:
    return {DELIVERED: False, "error": why}
