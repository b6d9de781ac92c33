"""A fake VirusTotal without a network: it counts lookups, and its account has random figures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.soak.drill import KEY
from bench.soak.network_harness import file_object, lookup
from tests.fake_clock import FakeClock
from vt_connectors.api_key import ApiKey
from vt_connectors.composition.core import build
from vt_connectors.config.settings import settings_from
from vt_connectors.core import Core
from vt_connectors.virustotal.http.transport import HttpRequest, HttpResponse

SHOW = {"action": "quota", "params": {}, "options": {"cache": "only"}}
ASK = {"action": "quota", "params": {}}


class Account:
    """`figures`: those of the account. `refusals`: headers of the 429s before the first other response."""

    def __init__(self, figures: dict[str, Any]) -> None:
        self.figures = figures
        self.refusals: list[dict[str, str]] = []
        self.lookups = 0
        self.asked = 0

    def send(self, request: HttpRequest) -> HttpResponse:
        if "/users/" in request.url:
            self.asked += 1
            return _answer(200, {"data": self.figures})
        self.lookups += 1
        if self.refusals:
            error = {"error": {"code": "QuotaExceededError", "message": "Quota exceeded"}}
            return _answer(429, error, self.refusals.pop(0))
        return _answer(200, file_object(request.url.rpartition("/")[2]))


def _answer(status: int, document: dict[str, Any], headers: dict[str, str] | None = None) -> HttpResponse:
    return HttpResponse(status, headers or {}, json.dumps(document).encode())


def core_for(account: Account, clock: FakeClock, quota: str, state: Path | None = None) -> Core:
    given = {"VT_STATE": str(state) if state else "memory", "VT_QUOTA": quota}
    return build(settings_from(given), lambda: ApiKey(KEY), clock, lambda key: account)


def look_up(core: Core, number: int) -> Mapping[str, Any]:
    """Without waiting for quota."""
    return core.answer({**lookup(f"{number:064x}"), "options": {"max_wait_s": 0}})


def windows(core: Core) -> dict[str, Any]:
    """The windows of our own quota record."""
    found: dict[str, Any] = core.answer(SHOW)["data"]["windows"]
    return found
