"""What one action may spend, and what it spent."""

from __future__ import annotations

from typing import Any, Callable


def _nothing(waiting: bool) -> None:
    return None


def _unheard(sent: int, total: int) -> None:
    return None


class Budget:
    """`deadline`: until when it may wait for quota (the clock's monotonic seconds).

    `requests` and `waited_s` add up; `quota` is its state after the last request. `waiting` is told True
    when a request begins to wait for quota, and False when it goes out after that. `sent` hears how many bytes of a
    file are sent, of all. `keep`: how many of the day's requests it leaves to others; None: the usual share.
    """

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.requests = 0
        self.waited_s = 0.0
        self.keep: int | None = 0
        self.quota: dict[str, Any] = {}
        self.waiting: Callable[[bool], None] = _nothing
        self.sent: Callable[[int, int], None] = _unheard
