"""A task that equal callers share, and the answer that its leader fetches for them."""

from __future__ import annotations

from ..cache import Entry
from ..light_typing import Callable, NamedTuple, Optional, Protocol

Find = Callable[[], Optional[Entry]]
Tell = Callable[[bool], None]
Keep = Callable[[Entry, Optional[Entry]], "Fetched"]


class Fetched(NamedTuple):
    """An answer.

    `public`: the part of it for callers of other accounts; None: nothing. `is_cached`: all processes find it with
    `Task.find`. `is_shared`: another caller's request fetched it.
    """

    entry: Entry
    public: Entry | None = None
    is_cached: bool = False
    is_shared: bool = False


class Turn(Protocol):
    """The place of a task among the tasks of its client. Only the first takes a lease, so that no lease waits."""

    def enter(self) -> None:
        """Return when the task is first. Raises `ConnectorError` if it cannot be in time."""

    def leave(self) -> None:
        """Let the next task go first."""

    def refuse_if_late(self) -> None:
        """Raise `RateLimited` if there is no quota in time."""


class Task(NamedTuple):
    """`key`: equal tasks have equal keys. `account`: a hash of the API key and the server.

    - `find` looks for an acceptable answer in the cache, `keep(entry, public)` stores one.
    - `fetch(waiting)` sends the request. It calls `waiting(True)` when it begins to wait for quota, and
      `waiting(False)` when it sends its request after that.
    - `accepts`: whether another caller's answer is good for this task.
    - `is_write`: it changes something at VirusTotal and is never sent twice. If its leader dies, the outcome is unknown
      to the followers of the same account.
    - `lasts`: the answer is also for callers that come after the task has ended.
    - `turn` is entered before a lease is taken, and left while the task follows another caller.
    - `permit` takes the place of `turn` before a lease that other processes see, because entering it may take time;
      equal callers in this process wait together.
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
    """The `Tell` of a caller without followers."""
