"""`vtaction run` as a command."""

from __future__ import annotations

import os
import sys

from ...contract.exit_status import OK
from ...light_typing import TYPE_CHECKING
from ..process.termination import Termination

if TYPE_CHECKING:
    import argparse


class RunOptions:
    """The options of a plain `vtaction run`, as the parser of the command line would make them.

    Without the parser a process that answers one lookup from the cache starts a tenth faster.
    """

    workers = 8
    exit_zero = False
    log_level = "warning"
    log_json = False
    ends_itself = True

    @staticmethod
    def command(options: RunOptions | argparse.Namespace, termination: Termination) -> int:
        return run(options, termination)


def run(options: RunOptions | argparse.Namespace, termination: Termination) -> int:
    """Answer the requests on stdin. Returns the exit status."""
    from ..core_from_environment import core_from
    from ..process.descriptors import Input, take_stdout_aside
    from ..runner.runner import Runner

    clock = termination.clock
    stdin, stdout = Input(sys.stdin.fileno()), take_stdout_aside()
    code = Runner(core_from(os.environ, clock), clock, options.workers).run(stdin, stdout)
    return OK if options.exit_zero else code
