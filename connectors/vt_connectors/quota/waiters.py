"""The queue for quota, and its order. Pure, like `policy`.

A client has one ticket at a time. Interactive clients come before batches, and batches get one slot in four, but no
client waits for more slots than the number of clients plus one. The place of a refused client is reserved until a
little after its `retry_after`, so that it gets its slot when it returns.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence

from ..light_typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .ledger import Ledger

# The first waiters look this often, those further behind less often ...
LOOK_IN_S = 1.0
LONGEST_LOOK_IN_S = 10.0
FIRST = 16
# ... a late waiter lets the others pass, and counts as dead if it is late by more than `LATE_S`.
LETS_BY_S = 0.2
LATE_S = 2.0
# While both wait, this many interactive clients are served before a batch.
INTERACTIVE_IN_A_ROW = 3
# A place is reserved for this long after `due`, depending on the wait, because a new process has to start.
_SHORTEST_LEEWAY_S, _LONGEST_LEEWAY_S, _LEEWAY_SHARE = 2.0, 5.0, 0.1
# After longer waits clients do not return on time, and unused places delay others.
LONGEST_RESERVATION_S = 900.0


class Waiter(NamedTuple):
    """One place in the queue. Times are epoch seconds.

    `promise`: when it looks again at the latest; after that it is dead. `client`: the process, search or token that
    waits. `due`: 0 if it waits; else it was refused with a return at `due`, and its place is reserved until `promise`.
    `about`: a checksum of its request; a new process with the same request takes this place. `latest`: the number of
    the slot that it gets at the latest (see `Ledger.granted`); 0 if that is not known.
    """

    ticket: str
    promise: float
    client: str = ""
    batch: bool = False
    due: float = 0.0
    about: str = ""
    latest: int = 0

    @property
    def is_reserved(self) -> bool:
        return self.due > 0


class Claim(NamedTuple):
    """What a request has in the queue: its client, whether it is part of a batch, and what it is `about` (a checksum).

    `returns`: whether its client is expected to return after a refusal.
    """

    client: str = ""
    batch: bool = False
    about: str = ""
    returns: bool = True


BATCH = Claim(batch=True)


def ahead_of(ledger: Ledger, ticket: str, claim: Claim, now: float) -> list[Waiter]:
    """The waiters that are served before `ticket`, which has a place in the queue or would take the last one.

    Late waiters let the others pass.
    """
    queue = list(ledger.queue)
    own = next((waiter for waiter in queue if waiter.ticket == ticket), None)
    if own is None:
        own = _enters(ledger, ticket, now + LATE_S, claim)
        queue.append(own)
    living = [waiter for waiter in queue if waiter is own or waiter.is_reserved or not _is_late(waiter, now)]
    order = _in_order(living, ledger)
    return order[: order.index(own)]


def _in_order(living: Sequence[Waiter], ledger: Ledger) -> list[Waiter]:
    """The order in which they are served if no other waiter arrives."""
    interactive = deque(waiter for waiter in living if not waiter.batch)
    batches = deque(waiter for waiter in living if waiter.batch)
    order: list[Waiter] = []
    number, in_a_row = ledger.granted + 1, ledger.interactive_in_a_row
    while interactive or batches:
        if batches and _is_a_batchs_turn(interactive, batches[0], number, in_a_row):
            order.append(batches.popleft())
            in_a_row = 0
        else:
            order.append(interactive.popleft())
            in_a_row = in_a_row + 1 if batches else 0
        number += 1
    return order


def _is_a_batchs_turn(interactive: Collection[Waiter], batch: Waiter, number: int, in_a_row: int) -> bool:
    """Whether the batch gets slot `number`. That must not make an interactive waiter late."""
    if not interactive:
        return True
    if in_a_row < INTERACTIVE_IN_A_ROW and not 0 < batch.latest <= number:
        return False
    return all(not waiter.latest or number + 1 + place <= waiter.latest for place, waiter in enumerate(interactive))


def has_another(ledger: Ledger, ticket: str, claim: Claim) -> bool:
    """Whether the client has another ticket already, from another of its processes."""
    return any(waiter.ticket != ticket and is_ticket_of(waiter, claim) for waiter in ledger.queue)


def is_ticket_of(waiter: Waiter, claim: Claim) -> bool:
    """Whether this is a ticket of the client, and not its reserved place."""
    return waiter.client == claim.client and waiter.batch == claim.batch and not waiter.is_reserved


def has_reservation(ledger: Ledger, claim: Claim) -> bool:
    """Whether a place is reserved for the client."""
    return any(waiter.is_reserved and _is_the_same_client(waiter, claim) for waiter in ledger.queue)


def come_back(ledger: Ledger, ticket: str, claim: Claim, now: float) -> None:
    """If a place is reserved for this request or its client, the ticket takes it."""
    if any(waiter.ticket == ticket for waiter in ledger.queue):
        return
    for same in (_is_the_same_request, _is_the_same_client):
        for place, waiter in enumerate(ledger.queue):
            if waiter.is_reserved and same(waiter, claim):
                ledger.queue[place] = _enters(ledger, ticket, now + LATE_S, claim)
                return


def stay(ledger: Ledger, ticket: str, claim: Claim, promise: float) -> None:
    """The ticket waits, and looks again before `promise`."""
    for place, waiter in enumerate(ledger.queue):
        if waiter.ticket == ticket:
            ledger.queue[place] = waiter._replace(promise=promise)
            return
    ledger.queue.append(_enters(ledger, ticket, promise, claim))


def leave(ledger: Ledger, ticket: str) -> None:
    """Remove the waiter."""
    ledger.queue = [waiter for waiter in ledger.queue if waiter.ticket != ticket]


def served(ledger: Ledger, ticket: str, batch: bool) -> None:
    """The ticket got its slot."""
    leave(ledger, ticket)
    ledger.granted += 1
    waits = any(waiter.batch and not waiter.is_reserved for waiter in ledger.queue)
    in_a_row = ledger.interactive_in_a_row
    ledger.interactive_in_a_row = min(in_a_row + 1, INTERACTIVE_IN_A_ROW) if waits and not batch else 0


def reserve(ledger: Ledger, ticket: str, claim: Claim, due: float, now: float, room: int) -> None:
    """Reserve the place of the refused ticket until a little after `due`, or give it up.

    A client has one such place. There are at most `room` of them; interactive clients may take those of batches.
    """
    wait_s = due - now
    others = [waiter for waiter in ledger.queue if waiter.is_reserved and waiter.ticket != ticket]
    has_place = any(_is_the_same_client(waiter, claim) for waiter in others)
    if not claim.returns or has_place or wait_s > LONGEST_RESERVATION_S or not _make_room(ledger, claim, others, room):
        leave(ledger, ticket)
        return
    leeway_s = min(max(wait_s * _LEEWAY_SHARE, _SHORTEST_LEEWAY_S), _LONGEST_LEEWAY_S)
    reserved = Waiter(ticket, due + leeway_s, claim.client or ticket, claim.batch, due, claim.about)
    known = [place for place, waiter in enumerate(ledger.queue) if waiter.ticket == ticket]
    if known:
        ledger.queue[known[0]] = reserved
    else:
        ledger.queue.append(reserved)


def tidy(ledger: Ledger, now: float) -> None:
    """Drop dead waiters and places whose clients did not return; clamp times that are too far in the future."""
    furthest = now + LONGEST_LOOK_IN_S + LATE_S
    ledger.queue = [
        waiter if waiter.is_reserved or waiter.promise <= furthest else waiter._replace(promise=furthest)
        for waiter in ledger.queue
        if waiter.promise >= now and waiter.due <= now + LONGEST_RESERVATION_S
    ]


def move(ledger: Ledger, step: float) -> None:
    """The clock was set forward by `step`."""
    ledger.queue = [
        waiter._replace(promise=waiter.promise + step, due=waiter.due + step if waiter.is_reserved else 0.0)
        for waiter in ledger.queue
    ]


def _enters(ledger: Ledger, ticket: str, promise: float, claim: Claim) -> Waiter:
    """A waiter that enters the queue: it waits for as many slots as there are clients, plus one, at most."""
    clients = len(ledger.queue) + 1
    return Waiter(ticket, promise, claim.client or ticket, claim.batch, latest=ledger.granted + clients + 1)


def _make_room(ledger: Ledger, claim: Claim, others: Sequence[Waiter], room: int) -> bool:
    if len(others) < room:
        return True
    batches = [waiter for waiter in others if waiter.batch]
    if claim.batch or not batches or room <= 0:
        return False
    leave(ledger, batches[-1].ticket)
    return True


def _is_late(waiter: Waiter, now: float) -> bool:
    return waiter.promise - LATE_S + LETS_BY_S < now


def _is_the_same_request(waiter: Waiter, claim: Claim) -> bool:
    return bool(claim.about) and waiter.about == claim.about


def _is_the_same_client(waiter: Waiter, claim: Claim) -> bool:
    return bool(claim.client) and waiter.client == claim.client and waiter.batch == claim.batch
