"""429s that request pauses of any length, at any hour: their duration, their visibility, and their end."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from email.utils import formatdate
from pathlib import Path

from bench.soak.account_harness import ASK, Account, core_for, look_up, windows
from bench.soak.drill import Effort, Tally
from tests.fake_clock import FakeClock
from tests.quota.scenario import utc
from vt_connectors.clock import iso

_MINUTE_S, _DAY_S = 60.0, 86400.0
_LEEWAY_S = 1.0


def tallies(effort: Effort) -> Iterator[Tally]:
    pauses = Tally(
        "429s with a Retry-After of any kind (digits, dates, huge, negative, nonsense), at any hour, two processes",
        "a pause beyond the UTC day, one that an answer, `quota` or the other process does not show with its end, "
        "or nothing goes when it is over",
    )
    lifted = Tally(
        "such pauses, and the account asked: it has requests left, or has not, or does not clearly say",
        "a pause that stays although there are some, or that goes although there are none",
    )
    draw, place = random.Random(effort.seed), effort.place("account")
    for number in range(effort.times(30, 1500)):
        state = place / f"{number}.db" if number % 2 else None
        pauses.count(*(f"pause {number}: {loss}" for loss in _pause(draw, state)))
        lifted.count(*(f"check {number}: {loss}" for loss in _lifted(draw)))
    yield pauses
    yield lifted


def _midnight(now: float) -> float:
    day = datetime.fromtimestamp(now, timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
    return (day + timedelta(days=1)).timestamp()


def _moment(draw: random.Random) -> float:
    late = draw.choice([0.0, 1.0, 43_000.0, _DAY_S - 30, _DAY_S - 1, draw.uniform(0, _DAY_S)])
    return utc(draw.choice(["2026-01-02T00:00:00", "2026-01-31T00:00:00", "2028-02-29T00:00:00"])) + late


def _header(draw: random.Random, now: float) -> dict[str, str]:
    told = draw.choice(
        [
            *("0", "1", "60", "120", "3600", "86400", "2678400", "999999999", "9" * 40, "-5", "1.5", "soon", ""),
            *(formatdate(now + later, usegmt=True) for later in (-90, 90, 7200, 40 * _DAY_S, 3000 * _DAY_S)),
        ]
    )
    return {"retry-after": told} if draw.random() < 0.95 else {}


def _pause(draw: random.Random, state: Path | None) -> Iterator[str]:
    clock = FakeClock(_moment(draw))
    account = Account({})
    account.refusals = [_header(draw, clock.now())]
    about = f"{account.refusals[0]} at {iso(clock.now())}"
    core = core_for(account, clock, "4/minute,500/day", state)
    other = core_for(account, clock, "4/minute,500/day", state) if state else core
    began, latest = clock.now(), _midnight(clock.now())
    error = look_up(core, 1)["error"]
    pause = windows(other).get("blocked")
    if pause is not None:
        if began + pause["resets_in_s"] > latest + _LEEWAY_S:
            yield f"{about}: until {pause['until']}"
        if pause["until"] not in error["message"]:
            yield f"{about}: until {pause['until']}, and the answer says {error['message']}"
        sent = account.lookups
        refused = look_up(other, 2)
        if account.lookups != sent or refused["status"] != "error":
            yield f"{about}: another request was sent"
        if refused["error"] and pause["until"] not in refused["error"]["message"]:
            yield f"{about}: the next is told {refused['error']['message']}"
        clock.advance(pause["resets_in_s"] + _LEEWAY_S)
    elif error["retry_after_s"] > 0:
        yield f"{about}: {error['retry_after_s']} s are told, and no pause is shown"
    if look_up(other, 3)["status"] != "ok":
        yield f"{about}: nothing goes at {iso(clock.now())}"
    core.close()
    other.close()


def _lifted(draw: random.Random) -> Iterator[str]:
    clock = FakeClock(utc("2026-01-02T06:00:00"))
    has_left, figures = draw.choice(_ACCOUNTS)
    account = Account({name: {"user": {"allowed": 500, "used": used}} for name, used in figures.items()})
    account.refusals = [{"retry-after": draw.choice(["7200", "2678400"])}]
    core = core_for(account, clock, "4/minute,500/day,15500/month")
    look_up(core, 1)
    waited = draw.choice([0.0, 5.0, 59.0, 61.0, 600.0, 3000.0])
    clock.advance(waited)
    core.answer(ASK)
    left_s = windows(core).get("blocked", {}).get("resets_in_s", 0.0)
    due = max(0.0, _MINUTE_S - waited)
    if has_left and abs(left_s - due) > _LEEWAY_S:
        yield f"{figures} after {waited} s: {left_s} s are left, and not {due}"
    if not has_left and left_s < 3000:
        yield f"{figures} after {waited} s: it was lifted"
    core.close()


_HOUR, _DAY, _MONTH = "api_requests_hourly", "api_requests_daily", "api_requests_monthly"
_ACCOUNTS: list[tuple[bool, dict[str, object]]] = [
    (True, {_HOUR: 9, _DAY: 9, _MONTH: 9}),
    (True, {_DAY: 499, _MONTH: 0}),
    (False, {_HOUR: 500, _DAY: 9, _MONTH: 9}),
    (False, {_HOUR: 9, _DAY: 500, _MONTH: 9}),
    (False, {_HOUR: 9, _DAY: 9, _MONTH: 600}),
    (False, {_HOUR: 9, _DAY: 9}),
    (False, {_DAY: "none", _MONTH: 9}),
    (False, {}),
]
