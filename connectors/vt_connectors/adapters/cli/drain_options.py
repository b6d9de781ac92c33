"""The options of `vtaction drain`."""

from __future__ import annotations

import argparse

from .action_arguments import seconds


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--keep", type=_requests, metavar="N", help="leave N of the day's requests to people (default: a quarter)"
    )
    parser.add_argument(
        "--max-wait", type=seconds, default=0.0, metavar="TIME", help="how long to wait for quota: 90, 5m (default 0)"
    )
    parser.add_argument("--discard", action="store_true", help="ask nothing, and forget all that waits")
    parser.add_argument("--json", action="store_true", help="as JSON (so in a pipe)")


def _requests(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of requests")
    return int(text)
