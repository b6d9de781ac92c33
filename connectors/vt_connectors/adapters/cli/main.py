"""`vtaction`: the runner for platforms, and the same actions for people."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence

from ... import log
from ...clock import SystemClock
from ...config.paths import use_default_config
from ...contract import MALFORMED, OK
from ...light_typing import TYPE_CHECKING
from ..process.command_process import run_to_the_end, take_over
from ..process.termination import Termination, end_on_signals

if TYPE_CHECKING:
    import argparse


def main(arguments: Sequence[str] | None = None) -> None:
    """The console script. Ends the process."""
    clock = SystemClock()
    end_on_signals(clock)
    has_stdout = sys.stdout is not None
    if None in (sys.stdin, sys.stdout, sys.stderr):
        from ..process.descriptors import replace_closed_ones

        replace_closed_ones()
    termination = Termination(clock)
    take_over(termination)
    use_default_config(os.environ)
    try:
        options = _parsed(sys.argv[1:] if arguments is None else arguments)
    except SystemExit as end:
        status = int(end.code or 0)
        run_to_the_end(lambda: status, termination, ends_itself=True)
    if not has_stdout:
        sys.stderr.write("vtaction: stdout is closed, so no answer could be written\n")
        os._exit(MALFORMED)
    if not isinstance(options, RunOptions):
        gc.enable()
        _set_for_all(options)
    log.set_up_at_first_line(lambda: _log_to_stderr(options.log_level, options.log_json))
    run_to_the_end(lambda: int(options.command(options, termination)), termination, ends_itself=options.ends_itself)


def _parsed(arguments: Sequence[str]) -> RunOptions | argparse.Namespace:
    if list(arguments) == ["run"]:
        return RunOptions()
    from .arguments import parse

    return parse(arguments)


def _set_for_all(options: argparse.Namespace) -> None:
    """Options that stand for environment variables."""
    if options.no_color:
        os.environ["NO_COLOR"] = "1"
    if options.profile is not None:
        os.environ["VT_PROFILE"] = options.profile


def _log_to_stderr(level: str, as_json: bool) -> None:
    from .logs import to_stderr

    to_stderr(level, as_json)


class RunOptions:
    """The options of a plain `vtaction run`, as the parser of the command line would make them.

    Without the parser a process that answers one lookup from the cache starts a tenth faster.
    """

    workers = 8
    exit_zero = False
    log_level = "warning"
    log_json = False
    no_color = False
    profile = None
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
