"""`VT_QUOTA=auto` with all kinds of figures: of users and groups, partly missing, partly invalid."""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator
from typing import Any

from bench.soak.account_harness import Account, core_for, look_up, windows
from bench.soak.drill import Effort, Tally
from tests.fake_clock import FakeClock

_NAMES = {"api_requests_hourly": "hour", "api_requests_daily": "day", "api_requests_monthly": "month"}
_PUBLIC = {"hour": 240, "day": 500, "month": 15500}
_NO_LIMIT = (1_000_000_000, 2_000_000_000, 60_000_000_000)
_NONSENSE: tuple[Any, ...] = (
    *("many", "500", "", None, True, False, -1, -(10**12), 1e9, 500.5, 10**15, 2**63 - 1, 10**40),
    *([], [500], {}, {"allowed": 500}, "\x1b[2J", "x" * 9000),
)
_TRIES = 12


def tallies(effort: Effort) -> Iterator[Tally]:
    tally = Tally(
        "accounts whose figures are drawn (users and groups, used up, unlimited, missing, no numbers), with `auto`",
        "a window gone that is not clearly unlimited, more requests than the pool that runs out first had left, "
        "a figure that cannot be read and no warning",
    )
    heard = _Heard()
    logging.getLogger("vt_connectors.virustotal.account").addHandler(heard)
    try:
        draw = random.Random(effort.seed)
        for number in range(effort.times(80, 5000)):
            figures = {name: _figure(draw) for name in _NAMES if draw.random() < 0.9}
            tally.count(*(f"account {number}, {figures!r:.300}: {loss}" for loss in _losses(figures, heard)))
    finally:
        logging.getLogger("vt_connectors.virustotal.account").removeHandler(heard)
    yield tally


class _Heard(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


def _losses(figures: dict[str, Any], heard: _Heard) -> Iterator[str]:
    heard.said.clear()
    account = Account(figures)
    core = core_for(account, FakeClock(), "auto")
    for number in range(_TRIES):
        look_up(core, number)
    told = {period: _pools(figures.get(name)) for name, period in _NAMES.items()}
    seen = windows(core)
    core.close()
    for period, pools in told.items():
        limits = [window["limit"] for name, window in seen.items() if _period(name) == period and "limit" in window]
        allowed = [pool for pool, _ in pools if pool is not None]
        is_free = bool(pools) and None not in [pool for pool, _ in pools] and not _limited(pools)
        if not limits and not is_free:
            yield f"no window for the {period}"
        if period != "hour" and limits and _limited(pools) and min(limits) > max(1, min(_limited(pools))):
            yield f"{min(limits)} a {period}, and the account has {allowed}"
        left = [max(0, pool - used) for pool, used in _paying(pools) if pool in _limited(pools) and used is not None]
        if left and account.lookups > min(left):
            yield f"{account.lookups} sent, and {min(left)} were left of the {period}"
    is_unclear = any(not pools or None in [number for pool in pools for number in pool] for pools in told.values())
    if is_unclear and not heard.said:
        yield "no warning"
    if any(len(said) > 900 or not said.isprintable() for said in heard.said):
        yield f"the warning is {max(map(len, heard.said))} characters long, or not printable"


def _period(window: str) -> str:
    return window if window in ("day", "month") else "hour"


def _pools(figure: Any) -> list[tuple[int | None, int | None]]:
    """(allowed, used) of the user and of the group, if there is one; None for an invalid number."""
    if not isinstance(figure, dict):
        return []
    holders = [figure.get("user"), *([figure["group"]] if "group" in figure else [])]
    return [
        (_number(holder.get("allowed")), _number(holder.get("used"))) if isinstance(holder, dict) else (None, None)
        for holder in holders
    ]


def _number(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value <= 10**12 else None


def _limited(pools: list[tuple[int | None, int | None]]) -> list[int]:
    return [allowed for allowed, _ in _paying(pools) if allowed is not None and allowed < 10**9]


def _paying(pools: list[tuple[int | None, int | None]]) -> list[tuple[int | None, int | None]]:
    """A user's 0 is not a limit if there is a group, because the group pays."""
    return pools[1:] if len(pools) == 2 and pools[0][0] == 0 else pools


def _figure(draw: random.Random) -> Any:
    if draw.random() < 0.06:
        return draw.choice(_NONSENSE)
    figure: dict[str, Any] = {"user": _holder(draw)} if draw.random() < 0.97 else {}
    if draw.random() < 0.5:
        figure["group"] = _holder(draw)
    return figure


def _holder(draw: random.Random) -> Any:
    if draw.random() < 0.05:
        return draw.choice(_NONSENSE)
    allowed = draw.choice([*_NO_LIMIT, 0, 1, 7, 240, 500, 10_000, 99_000_000, draw.randrange(1, 10**9)])
    used = max(0, allowed - draw.choice([0, 1, 3, 10, 400])) if draw.random() < 0.7 else draw.randrange(2 * allowed + 1)
    holder: dict[str, Any] = {"allowed": allowed, "used": used, "inherited_from": "a company"}
    if draw.random() < 0.1:
        holder[draw.choice(["allowed", "used"])] = draw.choice(_NONSENSE)
    if draw.random() < 0.05:
        del holder[draw.choice(["allowed", "used"])]
    return holder
