"""Progress on a terminal: how many answers are there, and how much of a file is sent."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

_MEGABYTE = 1_000_000


class Bars:
    """On stderr, and gone when it is over."""

    def __init__(self, count: int) -> None:
        columns = SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[told]}")
        self._progress = Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True)
        self._count = count
        self._answered = 0
        self._asking = self._progress.add_task("asking VirusTotal", total=count, told=f"0/{count}")
        self._sending: TaskID | None = None

    def answered(self) -> None:
        self._answered += 1
        self._progress.update(self._asking, completed=self._answered, told=f"{self._answered}/{self._count}")

    def sent(self, sent: int, total: int) -> None:
        """Bytes of the file that are on their way, of all."""
        if self._sending is None:
            self._sending = self._progress.add_task("sending", total=total, told="")
        told = f"{sent / _MEGABYTE:.1f}/{total / _MEGABYTE:.1f} MB"
        self._progress.update(self._sending, completed=sent, told=told)

    def __enter__(self) -> Bars:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._progress.stop()
