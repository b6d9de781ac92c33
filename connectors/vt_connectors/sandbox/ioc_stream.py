"""The IoC stream: a notification at fixed intervals of the clock, and those that a test adds."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from .data.collections import COLLECTIONS
from .data.deterministic import digest
from .data.kinds import Item, Kind
from .data.links import invented
from .quotas import Clock

_KEPT_S = 7 * 86400
_FIRST_ID = 20_000_000_000
_FIRST_ADDED_ID = 90_000_000_000
_KINDS = (Kind.FILE, Kind.FILE, Kind.URL, Kind.DOMAIN, Kind.IP)
_RULES = ("invoice_dropper", "packed_installer", "login_lookalike")
# One notification in seven is about the object of the one before, under another rule.
_REPEATED = 7
_SUBSCRIBED = 3


@dataclass(frozen=True)
class Notification:
    """One notification; `date` in epoch seconds, `rule` is None for one of a subscription."""

    id: str
    date: int
    item: Item
    rule: str | None
    source: dict[str, str]

    @property
    def origin(self) -> str:
        """How it came: by a hunting rule or a subscription."""
        return "subscriptions" if self.rule is None else "hunting"

    @property
    def tags(self) -> list[str]:
        """The tags; those of a rule are its name and the object."""
        return [] if self.rule is None else [self.rule, self.item.id.lower()]

    def context(self) -> dict[str, Any]:
        """The context_attributes of its row; no hunting_info for a subscription."""
        info = None
        if self.rule is not None:
            info = {
                "rule_name": self.rule,
                "rule_tags": ["sandbox"],
                "snippet": f"50 4b 03 04 *begin_highlight*{self.rule.encode().hex(' ')}*end_highlight* 00",
                "source_country": "NL",
                "source_key": digest(self.id, "source")[:8],
            }
        return {
            "notification_id": self.id,
            "notification_date": self.date,
            "origin": self.origin,
            "sources": [self.source],
            "tags": self.tags,
            "hunting_info": info,
        }


class IocStream:
    """The notifications of the last seven days, one each `every_s` seconds (0: none). Safe to share between threads."""

    def __init__(self, clock: Clock, every_s: float) -> None:
        self._clock = clock
        self._every_s = every_s
        self._lock = threading.Lock()
        self._added: list[Notification] = []
        self._deleted: set[str] = set()

    def add(self, item: Item, rule: str) -> Notification:
        """A notification that `rule` found `item` now."""
        with self._lock:
            ident = str(_FIRST_ADDED_ID + len(self._added))
            made = Notification(ident, int(self._clock()), item, rule, _ruleset(rule))
            self._added.append(made)
            return made

    def newest_first(self) -> list[Notification]:
        """What has not been deleted; of one second, those that came last first."""
        now = self._clock()
        with self._lock:
            found = [*self._timed(now), *self._added]
            deleted = set(self._deleted)
        kept = [one for one in found if one.id not in deleted and one.date > now - _KEPT_S]
        return sorted(kept, key=lambda one: (one.date, one.id), reverse=True)

    def delete(self, idents: list[str]) -> None:
        """Delete notifications by their ids."""
        with self._lock:
            self._deleted.update(idents)

    def _timed(self, now: float) -> Iterator[Notification]:
        if self._every_s > 0:
            last = int(now // self._every_s)
            first = int((now - _KEPT_S) // self._every_s)
            for number in range(max(first, 0), last + 1):
                yield _numbered(number, int(number * self._every_s))


@lru_cache(maxsize=4096)
def _numbered(number: int, date: int) -> Notification:
    about = number - 1 if number % _REPEATED == 0 else number
    item = invented(_KINDS[about % len(_KINDS)], str(about), "notification")
    ident = str(_FIRST_ID + number)
    if number % _SUBSCRIBED == 0:
        collection = COLLECTIONS[number % len(COLLECTIONS)]
        kind = "threat_actor" if collection.type == "threat-actor" else "collection"
        return Notification(ident, date, item, None, {"id": collection.id, "type": kind, "label": collection.name})
    rule = _RULES[number % len(_RULES)] if about == number else "seen_again"
    return Notification(ident, date, item, rule, _ruleset(rule))


def _ruleset(rule: str) -> dict[str, str]:
    return {"id": str(int(digest(rule, "ruleset")[:8], 16)), "type": "hunting_ruleset", "label": f"{rule}s"}
