"""Votes of the community on items."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

from .accounts import user_id
from .data.deterministic import draw
from .data.kinds import Item, Kind
from .data.web_attributes import REFERENCE_TIME
from .errors import already_exists
from .http.messages import JsonObject

VERDICTS = ("harmless", "malicious")
_NAMES = {Kind.FILE: "file", Kind.URL: "URL", Kind.DOMAIN: "domain", Kind.IP: "IP address"}
_HOUR_S = 3600


@dataclass(frozen=True)
class Vote:
    """One vote; `voter` is the key of the voter, None for invented votes; `date` in epoch seconds."""

    id: str
    verdict: str
    voter: str | None
    date: int


class VoteStore:
    """The votes that were cast at this server, after those that the reports count. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_item: dict[Item, list[Vote]] = {}  # oldest first

    def add(self, item: Item, verdict: str, key: str, now: float) -> Vote:
        """Cast a vote. ApiError 409 for a second vote with the same key."""
        with self._lock:
            votes = self._by_item.setdefault(item, [])
            before = next((vote for vote in votes if vote.voter == key), None)
            if before is not None:
                name = user_id(key)
                raise already_exists(f'User "{name}" already voted "{before.verdict}" for this {_NAMES[item.kind]}')
            vote = Vote(f"{item.kind.letter}-{item.id}-{user_id(key)}", verdict, key, int(now))
            votes.append(vote)
            return vote

    def cast(self, item: Item) -> list[Vote]:
        """The votes that were cast here, the newest first."""
        with self._lock:
            return self._by_item.get(item, [])[::-1]


def counted_votes(item: Item, total_votes: dict[str, int]) -> list[Vote]:
    """The votes behind the counts of a report, the newest first."""
    votes = []
    for verdict in VERDICTS:
        for number in range(total_votes[verdict]):
            date = REFERENCE_TIME - draw(item.value, f"{verdict} {number}", 9000) * _HOUR_S
            votes.append(Vote(f"{item.kind.letter}-{item.id}-{verdict[0]}{number}", verdict, None, date))
    return sorted(votes, key=lambda vote: -vote.date)


def vote_attributes(vote: Vote) -> dict[str, Any]:
    """The attributes of a vote."""
    return {"date": vote.date, "verdict": vote.verdict, "value": -1 if vote.verdict == "malicious" else 1}


def vote_object(vote: Vote) -> JsonObject:
    """The object of a vote; it has no address."""
    return {"type": "vote", "id": vote.id, "links": {"self": None}, "attributes": vote_attributes(vote)}
