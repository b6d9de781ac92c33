"""`| vtquota`: how much of the key's quota is left."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from ..options import boolean
from ..sdk_import import Configuration
from .base import Generating, Row

_FIELDS = ("window", "limit", "used", "left", "resets_in_s", "resets_at", "blocked", "source", "pool")
_PAUSE = "upstream"


@Configuration(type="reporting")
class VtQuota(Generating):
    """One row per window of our own record; with `account=true` also one for each of VirusTotal's figures."""

    OPTIONS = ("account",)

    _asks: bool

    def read_options(self, given: Mapping[str, str]) -> None:
        self._asks = boolean("account", given.get("account"))

    def rows(self) -> Iterator[Row]:
        from .core_access import Asking

        asking = Asking(self)
        options = {} if self._asks else {"cache": "only"}
        data = asking.data({"action": "quota", "params": {}, "options": options})
        found = [*windows(data["windows"], time.time()), *_account(data.get("account") or {})]
        self.warn(asking.warnings)
        if not found:
            advice = "account=true shows VirusTotal's figures"
            self.write_info("{}", f"vtquota: no quota is set, so no requests are counted; {advice}")
        yield from found


def windows(usage: Mapping[str, Any], now: float) -> Iterator[Row]:
    """Our own record: one row per window, and one more during a pause that VirusTotal requested."""
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
    """VirusTotal's figures: rows for the user's pool and the group's; each request counts in both."""
    for name, figure in figures.items():
        for pool in ("user", "group"):
            if pool in figure:
                seen = figure[pool]
                yield _row(
                    window=name,
                    limit=seen["allowed"],
                    used=seen["used"],
                    left=seen["left"],
                    source="virustotal",
                    pool=pool,
                )


def _row(**told: Any) -> Row:
    return {name: "" if told.get(name) is None else str(told[name]) for name in _FIELDS}
