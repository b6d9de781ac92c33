"""The port to whoever wants to know what happens while requests are answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable

if TYPE_CHECKING:
    from .contract.response import Response


class Observer:
    """Does nothing: a subclass has the methods of what it wants to hear. They are called from any thread.

    What a request cost, whether the cache had its answer, and whether it was refused or queued is in the response.
    """

    def answered(self, response: Response) -> None:
        """The response to a request is there."""

    def bytes_sent(self, sent: int, total: int) -> None:
        """So many bytes of a file are on their way, of all."""


class BytesSent(Observer):
    """Tells `told(sent, total)` how far a file is sent, and nothing else."""

    def __init__(self, told: Callable[[int, int], None]) -> None:
        self._told = told

    def bytes_sent(self, sent: int, total: int) -> None:
        self._told(sent, total)


SILENT = Observer()
