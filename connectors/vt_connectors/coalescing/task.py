"""What equal callers want once, and what the one of them that asked brings to the others."""

from __future__ import annotations

from typing import Callable, NamedTuple, Optional, Protocol

from ..cache import Entry

Find = Callable[[], Optional[Entry]]
Tell = Callable[[bool], None]
Keep = Callable[[Entry, Optional[Entry]], "Fetched"]


class Fetched(NamedTuple):
    """An answer.

    `public`: what callers of other accounts may have of it; None: nothing. `is_cached`: all processes find it with
    `Task.find`. `is_shared`: another caller's request brought it.
    """

    entry: Entry
    public: Entry | None = None
    is_cached: bool = False
    is_shared: bool = False


class Turn(Protocol):
    """The task's place among those of its client: only the first of them takes a lease, so that no lease waits."""

    def enter(self) -> None:
        """Return when the task is first. Raises `ConnectorError` if it cannot be in time."""

    def leave(self) -> None:
        """Let the next one by."""

    def refuse_if_late(self) -> None:
        """Raise `RateLimited` if there is no quota in time."""


class Task(NamedTuple):
    """`key`: equal tasks have equal keys. `account`: a hash of the key and the server to ask with.

    `find` looks for an acceptable answer in the cache, `keep(entry, public)` puts one there. `fetch(waiting)` asks; it
    tells `waiting` True when it begins to wait for quota, and False when it sends its request after that. `accepts`:
    whether another's answer is one to this task. `is_write`: it changes something at VirusTotal, and is never sent
    twice: if its leader died, its outcome is unknown to the followers of the same account. `lasts`: an answer is also
    for callers that come when the task is over. `turn`: is entered before a lease is taken, and left while another's
    answer is waited for. `permit`: is entered instead before a lease is taken that other processes see, as it may have
    to be waited for; equal callers in this process wait together.
    """

    key: str
    account: str
    find: Find
    fetch: Callable[[Tell], Fetched]
    keep: Keep
    accepts: Callable[[Entry], bool]
    is_write: bool = False
    lasts: bool = True
    turn: Turn | None = None
    permit: Turn | None = None


def find_nothing() -> Entry | None:
    """The `find` of a task whose answer is in no cache."""
    return None


def untold(waiting: bool) -> None:
    """The `Tell` of a caller whom nobody follows."""
