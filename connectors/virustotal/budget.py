"""What one action may spend, and what it spent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable


def _nothing(waiting: bool) -> None:
    return None


def _unheard(sent: int, total: int) -> None:
    return None


@dataclass
class Budget:
    """`deadline`: until when it may wait for quota (the clock's monotonic seconds).

    `requests` and `waited_s` add up; `quota` is its state after the last request. `waiting` is told True
    when a request begins to wait for quota, and False when it goes out after that. `sent` hears how many bytes of a
    file are sent, of all.
    """

    deadline: float
    requests: int = 0
    waited_s: float = 0.0
    quota: dict[str, Any] = field(default_factory=dict)
    waiting: Callable[[bool], None] = field(default=_nothing)
    sent: Callable[[int, int], None] = field(default=_unheard)
