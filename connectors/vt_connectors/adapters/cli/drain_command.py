"""`vtaction drain`: looks up queued indicators with the quota that is left."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ...actions.drain import DrainLimits, DrainResult
from ...contract import MALFORMED, OK, RETRY_LATER, ExitCode
from ...core import Core
from ...errors import printable
from ..core_from_environment import core_from
from ..process.termination import ENDED, Termination
from .action_arguments import seconds
from .action_command import bars
from .cache_command import tell
from .logs import complain

if TYPE_CHECKING:
    from ...contract.response import Response

_CUT_SHORT = f"{ENDED} while requests were in flight; their indicators are still queued"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--keep",
        type=_requests,
        metavar="N",
        help="reserve N of the day's requests for interactive use (default: a quarter)",
    )
    parser.add_argument(
        "--max-wait", type=seconds, default=0.0, metavar="TIME", help="how long to wait for quota: 90, 5m (default 0)"
    )
    parser.add_argument("--discard", action="store_true", help="empty the queue without sending a request")
    parser.add_argument("--json", action="store_true", help="as JSON (the default in a pipe)")


def _requests(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of requests")
    return int(text)


def run_drain(
    options: argparse.Namespace, environment: Mapping[str, str], ending: Termination, *, as_json: bool
) -> int:
    """Drain the queue, or discard it. Returns the exit status."""
    clock = ending.clock
    core = core_from(environment, clock)
    if not isinstance(core, Core):
        complain(f"error: {core.error.message}")
        return MALFORMED
    if options.discard:
        tell({"discarded": core.pending.clear()}, as_json)
        return OK
    code = ExitCode()
    limits = DrainLimits(options.keep, options.max_wait, lambda: clock.cancelled)
    queued = core.pending.stats()["entries"]
    so_far = DrainResult(left=queued)
    with bars(queued, as_json, options.max_wait) as progress:

        def on_response(response: Response, drained: DrainResult) -> None:
            nonlocal so_far
            so_far = drained._replace(left=queued - drained.answered - drained.not_found - drained.dropped)
            code.saw(response)
            progress.answered(response)

        drained = ending.result_of(lambda: core.drain(limits, on_response)) or so_far._replace(message=_CUT_SHORT)
    if clock.cancelled:
        code.add(RETRY_LATER)
    if as_json:
        sys.stdout.write(json.dumps(drained._asdict()) + "\n")
    else:
        _show(drained)
    return code.value or (RETRY_LATER if drained.left else OK)


def _show(drained: DrainResult) -> None:
    from .output.responses import show_sheet
    from .output.sheet import Sheet, cell

    counts = {name: count for name, count in drained._asdict().items() if name != "message"}
    show_sheet(Sheet(tuple(name.replace("_", " ") for name in counts), [tuple(map(cell, counts.values()))]), "table")
    if drained.message is not None:
        sys.stdout.write(printable(drained.message) + "\n")
