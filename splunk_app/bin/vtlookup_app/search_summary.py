"""Counts a search's responses, and sums them up in the one message that its job shows."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from vt_connectors.observer import Observer

from .setting_names import in_splunk

if TYPE_CHECKING:
    from vt_connectors.contract.response import Response
    from vt_connectors.errors import ErrorDocument

_NO_USE_WAITING = {"day": "run again tomorrow (UTC)", "month": "run again next month (UTC)"}
_ADVICE = {"access_denied": "; Splunk keeps the key in storage/passwords, realm vtlookup, name api_key"}


class SearchSummary(Observer):
    """Call `saw` for every response. `message()` is None if there was no problem."""

    def __init__(self, noun: str) -> None:
        self._noun = noun
        self._asked = 0
        self._requests = 0
        self._sources: Counter[str | None] = Counter()
        self._errors: Counter[str] = Counter()
        self._verdicts: Counter[str] = Counter()
        self._skipped: Counter[str] = Counter()
        self._queued = 0
        self._first: dict[str, tuple[ErrorDocument, Mapping[str, Any]]] = {}
        self._lock = threading.Lock()

    def answered(self, response: Response) -> None:
        with self._lock:
            self._asked += 1
            self._requests += response["meta"]["requests"]
            self._sources[response["meta"]["source"]] += 1
            data = response["data"] or {}
            if response["status"] == "skipped":
                # No engine has scanned it, so it does not count as a verdict.
                self._skipped[str(data.get("reason"))] += 1
            elif data.get("verdict") is not None:
                self._verdicts[data["verdict"]] += 1
            error = response["error"]
            if error is not None:
                self._errors[error["code"]] += 1
                self._queued += bool(error["details"].get("queued"))
                self._first.setdefault(error["code"], (error, response["meta"]["quota"]))

    def figures(self) -> dict[str, Any]:
        """For the log: answers from the cache, answers from VirusTotal and their requests, answers for each verdict,
        and skipped values for each rule.
        """
        with self._lock:
            return {
                "cached": self._sources["cache"],
                "asked": self._sources["api"] + self._sources["shared"],
                "requests": self._requests,
                "errors": dict(self._errors),
                "verdicts": dict(self._verdicts),
                "skipped": dict(self._skipped),
            }

    def message(self) -> str | None:
        """What happened, to how many distinct values, and what to do."""
        with self._lock:
            parts = [self._part(code, count) for code, count in self._errors.most_common()]
            return "; ".join(parts) or None

    def _part(self, code: str, count: int) -> str:
        amount = f"{count} of {self._asked} {self._noun}"
        error, quota = self._first[code]
        if code == "rate_limited":
            return f"{amount} are pending, {self._queued} of them queued: {quota_told(error, quota)}"
        if code == "invalid_indicator":
            return f"{amount} are not valid, the first: {in_splunk(error['message'])}"
        return f"{amount} were not looked up: {advised(error)}"


def advised(error: ErrorDocument) -> str:
    """An error's message, with advice for Splunk."""
    return f"{in_splunk(error['message'])}{_ADVICE.get(error['code'], '')}"


def quota_told(error: ErrorDocument, quota: Mapping[str, Any]) -> str:
    """Why there is no quota left, and what to do. `quota`: its state by window."""
    details = error["details"]
    window = details.get("window") or ""
    limit = quota.get(window, {}).get("limit")
    advice = _NO_USE_WAITING.get(window, "run again, or raise wait=")
    if details.get("source") == "upstream" and "blocked" in quota:
        until = quota["blocked"]["until"]
        return f"VirusTotal says that the key is out of quota; {advice}; no requests are sent until {until}"
    if details.get("source") == "upstream":
        return in_splunk(error["message"])
    if not limit:
        return f"the key's quota is used up; {advice}"
    length = f"in {window}" if window[0].isdigit() else f"a {window}"
    return f"the key allows {limit} requests {length}; {advice}"
