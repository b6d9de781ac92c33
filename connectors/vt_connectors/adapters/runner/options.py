"""What the command line of `vtaction run` may say."""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--workers", type=_workers, default=8, metavar="N", help="lines side by side (default 8)")
    parser.add_argument("--exit-zero", action="store_true", help="exit 0 whatever the answers were")


def _workers(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 64:
        raise argparse.ArgumentTypeError("a number from 1 to 64")
    return int(text)
