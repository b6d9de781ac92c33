"""Starts the command of a script in `bin/`."""

from __future__ import annotations

import sys
from importlib import import_module

from ..chunks.protocol import Input
from ..sdk_import import dispatch


def run(module: str, command: str) -> None:
    """Run the command `command` of the module `module` in this folder, until its search ends."""
    made = getattr(import_module(f"{__package__}.{module}"), command)
    # stdout carries the protocol; text that a library prints must not get into it.
    protocol, sys.stdout = sys.stdout, sys.stderr
    with open(0, "rb", buffering=0, closefd=False) as stdin:
        dispatch(made, sys.argv, Input(stdin), protocol)
