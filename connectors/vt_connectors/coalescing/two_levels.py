"""Coalescing within the process first, then among processes: one thread of each process uses the shared leases."""

from __future__ import annotations

from ..light_typing import Callable
from .single_flight import SingleFlight
from .task import Fetched, Task, Tell, find_nothing


class TwoLevels:
    """`here` uses leases of this process alone, `shared` those of all processes."""

    def __init__(self, here: SingleFlight, shared: SingleFlight) -> None:
        self._here = here
        self._shared = shared

    def run(
        self,
        task: Task,
        deadline: float,
        *,
        stays_here: bool = False,
        known: Callable[[], Fetched | None] | None = None,
        tell: Callable[[Fetched], None] | None = None,
    ) -> Fetched:
        """As `SingleFlight.run`. `stays_here`: other processes see neither the task nor its answer.

        `known()` returns the answer if this process has it already, and `tell(fetched)` stores it there. Between the
        two calls no other thread works on the same key.
        """

        shared = task._replace(turn=task.permit or task.turn)

        def fetch(waiting: Tell) -> Fetched:
            fetched = known() if known is not None else None
            if fetched is None:
                fetched = task.fetch(waiting) if stays_here else self._shared.run(shared, deadline, waiting)
                if tell is not None:
                    tell(fetched)
            return fetched

        return self._here.run(task._replace(find=find_nothing, fetch=fetch), deadline)

    def is_led_here(self, key: str) -> bool:
        """Whether another thread of this process is fetching it now."""
        return self._here.is_led_here(key)
