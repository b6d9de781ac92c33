"""The parser of `vtaction`'s command line, and the options of `vtaction run`."""

from __future__ import annotations

import argparse
import os
from typing import NoReturn


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """As argparse's; a wrong argument that has the key is repeated without it."""
        from ...redaction import without_keys
        from ..core_from_environment import remember_keys

        remember_keys(os.environ)
        super().error(without_keys(message))


def add_run_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--workers", type=_workers, default=8, metavar="N", help="lines side by side (default 8)")
    parser.add_argument("--exit-zero", action="store_true", help="exit 0 whatever the answers were")


def _workers(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 64:
        raise argparse.ArgumentTypeError("a number from 1 to 64")
    return int(text)
