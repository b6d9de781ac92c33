"""Actions for people: a table on a terminal, JSON lines in a pipe, a progress bar where waiting is likely."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, Protocol

from ..actions import Action
from ..clock import SystemClock
from ..contract import Options, Request
from .action_options import given_params
from .exit_codes import ExitCode
from .settled import core_from

_SIDE_BY_SIDE = 4

Sent = Callable[[int, int], None]


class Answering(Protocol):
    def run(self, request: Request, progress: Sent | None = None) -> dict[str, Any]: ...


class _Bars(Protocol):
    """Where progress is seen."""

    def answered(self) -> None: ...

    def sent(self, sent: int, total: int) -> None: ...


def act(options: argparse.Namespace, environment: Mapping[str, str], clock: SystemClock, *, as_json: bool) -> int:
    """The exit status."""
    core = core_from(environment, clock)
    requests = list(requests_of(options))
    code = ExitCode()
    with bars(len(requests), as_json) as seen:
        shown = []
        for response in _responses(core, requests, seen.sent):
            seen.answered()
            code.saw(response)
            if as_json:
                sys.stdout.write(json.dumps(response) + "\n")
                sys.stdout.flush()
            else:
                shown.append(response)
    if shown:
        from .tables import show

        show(options.action, shown)
    return code.value


def requests_of(options: argparse.Namespace) -> Iterator[Request]:
    """One for each value; one in all where the action takes none."""
    action: Action = options.action
    how = Options(
        cache=options.cache,
        max_age_s=options.max_age,
        max_wait_s=options.max_wait,
        include=frozenset(options.include),
    )
    extra = given_params(action, options)
    if action.value is None:
        yield Request(action.name, extra, how)
    for value in _values(options.values):
        yield Request(action.name, {**action.params_of(value), **extra}, how, id=value)


def _values(values: list[str]) -> Iterator[str]:
    for value in values:
        if value == "-":
            yield from filter(None, (line.strip() for line in sys.stdin))
        else:
            yield value


def _responses(core: Answering, requests: list[Request], sent: Sent) -> Iterable[dict[str, Any]]:
    if len(requests) == 1:
        yield core.run(requests[0], sent)
        return
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        yield from pool.map(core.run, requests)


class _Unseen:
    def answered(self) -> None:
        return None

    def sent(self, sent: int, total: int) -> None:
        return None


@contextlib.contextmanager
def bars(count: int, as_json: bool) -> Iterator[_Bars]:
    """Progress on a terminal; nothing where there is none."""
    # JSON on the same terminal would be mixed up with them.
    if not sys.stderr.isatty() or (as_json and sys.stdout.isatty()):
        yield _Unseen()
        return
    from .progress import Bars

    with Bars(count) as seen:
        yield seen
