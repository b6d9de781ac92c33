"""Where the polls of an account's streams ended. Kept in the ledger, because it belongs to the key and is durable."""

from __future__ import annotations

from typing import Any, Callable

from .ledger import Ledger

# A ledger is read and written with each request, so it has few of them.
_MOST_STREAMS = 64


class Positions:
    """A position is text that sorts by time. `transact` changes the ledger of one key."""

    def __init__(self, transact: Callable[[Callable[[Ledger, float], Any]], Any]) -> None:
        self._transact = transact

    def find(self, stream: str) -> str | None:
        """The position of `stream`; None if it was never read to an end. Raises `Unavailable`."""
        found: str | None = self._transact(lambda ledger, _: ledger.positions.get(stream))
        return found

    def put(self, stream: str, position: str) -> None:
        """Raises `Unavailable`."""
        self._transact(lambda ledger, _: _put(ledger, stream, position))


def _put(ledger: Ledger, stream: str, position: str) -> None:
    """Of too many streams, the one with the earliest position is dropped."""
    ledger.positions[stream] = position
    if len(ledger.positions) > _MOST_STREAMS:
        del ledger.positions[min(ledger.positions, key=lambda name: ledger.positions[name])]
