"""Batches for API v2, which takes several values in one request: simultaneous callers share a request.

Each value still needs its own reservation of quota, because VirusTotal counts every value
(https://docs.virustotal.com/v2.0/reference/file-report).
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Callable

from ..errors import ConnectorError, from_dict
from ..threads import freed_at_fork
from .http.transport import HttpResponse, TransportFailure

# How long the first caller waits for others: short compared to the request.
_MOMENT_S = 0.01


@dataclass
class Batch:
    """The values of one request, in order, and its response or failure."""

    values: list[str] = field(default_factory=list)
    full: threading.Event = field(default_factory=threading.Event)
    done: threading.Event = field(default_factory=threading.Event)
    answer: HttpResponse | None = None
    failure: BaseException | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _read: list[Any] = field(default_factory=list)

    def document(self, read: Callable[[HttpResponse], Any]) -> Any:
        """The parsed response. Only the first caller parses it, so effects of parsing, such as a pause, happen once."""
        assert self.answer is not None
        with self._lock:
            if not self._read:
                try:
                    self._read.append(read(self.answer))
                except ConnectorError as error:
                    self._read.append(error)
        found = self._read[0]
        if isinstance(found, ConnectorError):
            raise from_dict(found.to_dict())
        return found


class Batches:
    """Collects values of simultaneous threads, at most `most` per request."""

    def __init__(self, most: int, moment_s: float = _MOMENT_S) -> None:
        self._most = most
        self._moment_s = moment_s
        self._lock = freed_at_fork(threading.Lock())
        self._open: Batch | None = None

    def send(self, value: str, send: Callable[[Sequence[str]], HttpResponse]) -> Batch:
        """The batch with `value`, which its first caller sends. Raises the errors of `send`."""
        batch, leads = self._join(value)
        if leads:
            self._lead(batch, send)
        batch.done.wait()
        if isinstance(batch.failure, TransportFailure):
            raise type(batch.failure)(str(batch.failure)) from None
        if isinstance(batch.failure, ConnectorError):
            raise from_dict(batch.failure.to_dict())
        if batch.failure is not None:
            raise batch.failure
        return batch

    def _join(self, value: str) -> tuple[Batch, bool]:
        with self._lock:
            leads = self._open is None
            batch = self._open = self._open or Batch()
            batch.values.append(value)
            if len(batch.values) >= self._most:
                self._open = None
                batch.full.set()
            return batch, leads

    def _lead(self, batch: Batch, send: Callable[[Sequence[str]], HttpResponse]) -> None:
        try:
            batch.full.wait(self._moment_s)
            with self._lock:
                if self._open is batch:
                    self._open = None
            batch.answer = send(batch.values)
        except BaseException as failure:  # the other callers wait for the result
            batch.failure = failure
        finally:
            if self._open is batch:
                self._open = None
            batch.done.set()


def part_of(document: Any, value: str, values: Sequence[str]) -> dict[str, Any] | None:
    """The report on `value` in the response to a request for `values`; None if VirusTotal left it out.

    An array has them in the requested order, but may be shorter; a single report may come alone, or in an array.
    """
    rows = document if isinstance(document, list) else [document]
    reports = [row for row in rows if isinstance(row, dict)]
    for report in reports:
        if str(report.get("resource", "")).lower() == value.lower():
            return report
    if len(reports) == len(values):
        position = list(values).index(value)
        return None if _is_of_another(reports[position], values) else reports[position]
    return None


def _is_of_another(report: dict[str, Any], values: Sequence[str]) -> bool:
    resource = str(report.get("resource", "")).lower()
    return len(values) > 1 and resource in {value.lower() for value in values}
