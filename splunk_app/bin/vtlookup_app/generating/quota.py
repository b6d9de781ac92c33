"""`| vtquota`: how much of the key's quota is left."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from splunklib.searchcommands import Configuration, Option

from ..search_options import boolean
from .base import Generating, Row

_FIELDS = ("window", "limit", "used", "left", "resets_in_s", "resets_at", "blocked", "source")
_PAUSE = "upstream"


@Configuration(type="reporting")
class VtQuota(Generating):
    """A row a window of our own record; with `account=true` also a row for each of VirusTotal's figures."""

    account = Option()

    _asks: bool

    def read_options(self) -> None:
        self._asks = boolean("account", self.account)

    def rows(self) -> Iterator[Row]:
        from .asking import Asking

        asking = Asking(self)
        options = {} if self._asks else {"cache": "only"}
        data = asking.data({"action": "quota", "params": {}, "options": options})
        found = [*windows(data["windows"], time.time()), *_account(data.get("account") or {})]
        self.warn(asking.warnings)
        if not found:
            self.write_info("{}", "vtquota: no quota is set, so nothing is counted here; account=true asks VirusTotal")
        yield from found


def windows(usage: Mapping[str, Any], now: float) -> Iterator[Row]:
    """Our own record: a row a window, and one more while VirusTotal wants a pause."""
    for name, seen in usage.items():
        is_pause = "limit" not in seen
        left = 0 if is_pause else max(0, seen["limit"] - seen["used"])
        yield _row(
            window=_PAUSE if is_pause else name,
            limit=seen.get("limit"),
            used=seen.get("used"),
            left=left,
            resets_in_s=seen["resets_in_s"],
            resets_at=round(now + seen["resets_in_s"]),
            blocked="false" if left else "true",
            source="ledger",
        )


def _account(figures: Mapping[str, Mapping[str, Any]]) -> Iterator[Row]:
    for name, seen in figures.items():
        limit, used = seen["allowed"], seen["used"]
        known = limit is not None and used is not None
        yield _row(
            window=name, limit=limit, used=used, left=max(0, limit - used) if known else None, source="virustotal"
        )


def _row(**told: Any) -> Row:
    return {name: "" if told.get(name) is None else str(told[name]) for name in _FIELDS}
