"""A harness whose fake VirusTotal records its responses, so that every answer can be checked."""

from __future__ import annotations

import copy
import hashlib
import json
from bisect import bisect_left
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.soak.drill import KEY
from tests.fake_clock import FakeClock
from tests.vtaction_process import lookup
from vt_connectors.api_key import ApiKey
from vt_connectors.composition.core import build
from vt_connectors.config.settings import Settings
from vt_connectors.contract.validation import violation
from vt_connectors.core import Core
from vt_connectors.quota import parse_quota
from vt_connectors.virustotal.http.transport import HttpRequest, HttpResponse

# What a lookup may come to while the state is broken; anything else is lost.
_ANSWERS = ("ok", "not_found")
_ERRORS = ("rate_limited", "unavailable")


def hashes(count: int, seed: str = "") -> list[str]:
    return [hashlib.sha256(f"{seed}{number}".encode()).hexdigest() for number in range(count)]


def malicious_of(value: str) -> int | None:
    """How many engines detect it; None where it is unknown."""
    number = int(value[:4], 16)
    return None if number % 4 == 0 else number % 50


class StoreHouse:
    """Cores that come one after the other, with one state and one clock; `asked`: when VirusTotal was asked."""

    def __init__(self, state: Path, quota: str) -> None:
        self.clock = FakeClock()
        self.asked: list[float] = []
        self._settings = Settings(state=str(state), quota=parse_quota(quota))

    def at(self, state: Path) -> StoreHouse:
        """The same at another place: what was asked was asked."""
        other = copy.copy(self)
        other._settings = self._settings._replace(state=str(state))
        return other

    def send(self, request: HttpRequest) -> HttpResponse:
        self.asked.append(self.clock.now())
        value = request.url.rpartition("/")[2]
        malicious = malicious_of(value)
        headers = {"content-type": "application/json"}
        if malicious is None:
            return HttpResponse(404, headers, b'{"error": {"code": "NotFoundError", "message": "not found"}}')
        stats = {"malicious": malicious, "undetected": 60}
        data = {"type": "file", "id": value, "attributes": {"sha256": value, "last_analysis_stats": stats}}
        return HttpResponse(200, headers, json.dumps({"data": data}).encode())

    def core(self) -> Core:
        return build(self._settings, lambda: ApiKey(KEY), self.clock, lambda key: self)

    def ask(self, core: Core, values: list[str]) -> list[str]:
        """What is wrong with the answers on `values`."""
        return [loss for value in values if (loss := wrong(value, core.answer(lookup(value, options=_AT_ONCE))))]

    def most_within(self, seconds: float) -> int:
        times = sorted(self.asked)
        return max((bisect_left(times, at + seconds) - place for place, at in enumerate(times)), default=0)


_AT_ONCE = {"max_wait_s": 0}


def wrong(value: str, answer: Mapping[str, Any]) -> str:
    """Why `answer` is not one that the contract allows here, or not what VirusTotal says; empty if it is."""
    broken = violation("response.json", answer)
    if broken is not None:
        return f"{value}: {broken}"
    if answer["error"]:
        code = answer["error"]["code"]
        return "" if code in _ERRORS else f"{value}: {code}: {answer['error']['message']}"
    malicious = malicious_of(value)
    right = (value, "not_found", None) if malicious is None else (value, "ok", malicious)
    data = answer["data"]
    told = (data["indicator"], answer["status"], (data.get("stats") or {}).get("malicious"))
    return "" if told == right else f"{value}: {told} is not {right}"
