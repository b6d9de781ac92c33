"""Access to the core for commands that do more than lookups, or to the endpoint if they cannot see the key."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from vt_connectors.contract.documents import Options, error_response
from vt_connectors.core import Core
from vt_connectors.errors import Cancelled
from vt_connectors.misconfigured import Misconfigured

from ..app_settings import APP
from ..composition import asking_for
from ..search_summary import advised, quota_told
from ..wait_budget import WaitBudget
from ..warning_collector import WarningCollector
from .base import Generating, Refused

if TYPE_CHECKING:
    from vt_connectors.contract.response import Response
    from vt_connectors.errors import ErrorDocument
    from vt_connectors.indicators import Kind

# The longest wait that the contract accepts.
_LONGEST_WAIT_S = 86_400.0
# How often to check whether the search has ended.
_LOOK_S = 0.2


class Asking:
    """`warnings` are the core's warnings."""

    def __init__(self, command: Generating) -> None:
        self._heard = WarningCollector()
        command.log.hear_the_core()
        self._stopping = command.stopping
        asking = asking_for(APP, command.searchinfo, os.environ, command.stopping)
        self.core: Core | Misconfigured = asking.core
        self._broker = asking.broker
        self._answer = asking.answer
        self.delivered = asking.delivered
        self.moves_streams = asking.moves_streams

    @property
    def warnings(self) -> str | None:
        return "; ".join(self._heard.texts) or None

    def ready(self) -> Core:
        """The core. Raises `Refused` if the settings are invalid."""
        if isinstance(self.core, Misconfigured):
            raise _refused(self.core.error.to_dict())
        return self.core

    def look_up(self, kind: Kind | None, value: str, options: Options) -> Response:
        """The response; a cached answer needs no request."""
        known = self.core.look_up_at_hand(kind, [value], options)
        if known:
            return known[value]
        broker = self._broker()
        if broker is None:
            return self.core.look_up(kind, value, options)
        from ..endpoint_client.rounds import Rounds

        rounds = Rounds(broker, WaitBudget(options.max_wait_s), self._stopping)
        found = dict(rounds.responses(kind, [value], lambda wait_s: options._replace(max_wait_s=wait_s)))
        return found.get(value) or error_response(None, None, Cancelled("the search has ended"))

    def data(self, document: Mapping[str, Any]) -> Mapping[str, Any]:
        """The data of the response to a request. Raises `Refused` for an error."""
        found: Mapping[str, Any] = self.response(document)["data"]
        return found

    def response(self, document: Mapping[str, Any]) -> Response:
        """The response to a request of any action. Raises `Refused` for an error."""
        response = self._answer(document)
        if response["error"] is not None:
            raise _refused(response["error"])
        return response

    def waited(self, document: Mapping[str, Any], wait_s: float) -> Response:
        """The response to a request that may wait for quota for `wait_s` seconds. Raises `Refused` for an error.

        One call of the endpoint waits only briefly, so most of the wait is between calls, where it can be cancelled.
        """
        from ..endpoint_client.rounds import WAIT_IN_CALL_S

        budget = WaitBudget(min(wait_s, _LONGEST_WAIT_S))
        in_call_s = _LONGEST_WAIT_S if self._broker() is None else WAIT_IN_CALL_S
        while True:
            began = time.monotonic()
            options = {**document.get("options", {}), "max_wait_s": min(budget.left(), in_call_s)}
            response = self._answer({**document, "options": options})
            error = response["error"]
            if error is None:
                return response
            again_s = max(error["retry_after_s"] or 0.0, _LOOK_S)
            budget.waited(began, time.monotonic() - began)
            if error["code"] != "rate_limited" or again_s > budget.left() or self._stopping.stopped:
                raise _refused(error, response)
            self._pause(again_s)
            budget.waited(began, time.monotonic() - began)

    def _pause(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (rest := until - time.monotonic()) > 0 and not self._stopping.stopped:
            time.sleep(min(rest, _LOOK_S))


def _refused(error: ErrorDocument | None, response: Response | None = None) -> Refused:
    assert error is not None  # of a response that was refused
    if response is not None and error["code"] == "rate_limited":
        return Refused(error["code"], f"there is no quota now: {quota_told(error, response['meta']['quota'])}")
    return Refused(error["code"], advised(error))
