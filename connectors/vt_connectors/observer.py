"""The port for notifications while a request is answered."""

from __future__ import annotations

from .light_typing import TYPE_CHECKING, Callable

if TYPE_CHECKING:
    from .contract.response import Response


class Observer:
    """Does nothing. A subclass overrides the methods for its notifications, which may come from any thread.

    The response says what a request cost, whether its answer was cached, and whether it was refused or queued.
    """

    def answered(self, response: Response) -> None:
        """A request has its response."""

    def waits_for_quota(self, waits: bool) -> None:
        """A request begins to wait for quota, or its wait is over."""

    def bytes_sent(self, sent: int, total: int) -> None:
        """`sent` of the `total` bytes of a file were sent."""

    def bytes_received(self, received: int, total: int | None) -> None:
        """`received` bytes of a file arrived; `total`: how many it has, if known."""


class BytesSent(Observer):
    """Calls `progress(sent, total)` while a file is sent."""

    def __init__(self, progress: Callable[[int, int], None]) -> None:
        self._progress = progress

    def bytes_sent(self, sent: int, total: int) -> None:
        self._progress(sent, total)


class BytesReceived(Observer):
    """Calls `progress(received, total)` while a file arrives."""

    def __init__(self, progress: Callable[[int, int | None], None]) -> None:
        self._progress = progress

    def bytes_received(self, received: int, total: int | None) -> None:
        self._progress(received, total)


SILENT = Observer()
