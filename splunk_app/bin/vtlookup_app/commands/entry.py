"""How a script in `bin/` starts its command."""

from __future__ import annotations

import sys
from importlib import import_module

from ..chunks.protocol import Input
from ..sdk_import import dispatch


def run(module: str, command: str) -> None:
    """The command `command` of the module `module` in this folder, until its search is over."""
    made = getattr(import_module(f"{__package__}.{module}"), command)
    # The protocol owns stdout; whatever a library prints must not get into it.
    protocol, sys.stdout = sys.stdout, sys.stderr
    with open(0, "rb", buffering=0, closefd=False) as stdin:
        dispatch(made, sys.argv, Input(stdin), protocol)
