"""`vtaction mcp`: its options, and the start of the server."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ...config.values import folders
from ...contract import FAILED, MALFORMED, OK
from ...core import Core
from ...errors import ConfigError
from ..core_from_environment import core_from
from ..mcp.calls import Calls, Limits
from ..mcp.tools import tools
from ..process.stderr_lines import LosingStderr
from ..process.termination import Termination
from ..server.rights import DEFAULT_RIGHTS, RIGHTS
from .action_arguments import seconds
from .logs import complain

if TYPE_CHECKING:
    from ..server.rights import Right

_ALLOWED = tuple(right for right in RIGHTS if right not in (*DEFAULT_RIGHTS, "metrics"))
_NEEDS_SDK = (
    "error: vtaction mcp needs Python 3.10 or newer (this is {version}) and the official SDK: "
    "pip install 'mcp>=2.3.0,<3' ({why})"
)
_EPILOG = """examples:
  vtaction mcp
  vtaction mcp --allow submit --files ~/samples

Tools only read unless --allow says more. MCP clients start the command themselves: docs/mcp.md has their settings.
exit status: 0 the client closed stdin, or the process was asked to end; 1 a failure; 2 wrong usage or settings, no SDK.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = _EPILOG
    parser.add_argument(
        "--allow",
        type=_rights,
        default=frozenset(),
        metavar="RIGHTS",
        help=f"more than reading: {', '.join(_ALLOWED)} (scans; comments and votes; any other call, downloads)",
    )
    parser.add_argument(
        "--files", metavar="FOLDER", help="files in it may be sent and written (default: the folders of VT_SCAN_ROOTS)"
    )
    parser.add_argument(
        "--max-wait", type=seconds, default=Limits().wait_s, metavar="TIME", help="for quota (default 30s)"
    )
    parser.add_argument(
        "--time-limit", type=seconds, default=Limits().call_s, metavar="TIME", help="of a whole call (default 60s)"
    )


def run(options: argparse.Namespace, ending: Termination, environment: Mapping[str, str]) -> int:
    """Serve until the client closes stdin. Returns the exit status."""
    # Calls would wait for a log that the client does not read.
    with contextlib.redirect_stderr(LosingStderr()):
        return _served(options, ending, environment)


def _served(options: argparse.Namespace, ending: Termination, environment: Mapping[str, str]) -> int:
    settings = dict(environment)
    if options.files is not None:
        if not os.path.isdir(options.files):  # noqa: PTH112
            complain(f"error: --files: {options.files!r} is not a folder")
            return MALFORMED
        folder = os.path.abspath(options.files)  # noqa: PTH100
        if not _is_one_folder(folder):
            complain(f"error: --files: {folder!r} has characters that are special in VT_SCAN_ROOTS; rename the folder")
            return MALFORMED
        settings["VT_SCAN_ROOTS"] = folder
    core = core_from(settings, ending.clock)
    if not isinstance(core, Core):
        complain(f"error: {core.error.message}")
        return MALFORMED
    try:
        # Imported last, because it takes longer than the rest of the start, and the errors above do not need it.
        from ..mcp.stdio_server import serve
    except (ImportError, SyntaxError) as error:
        complain(_NEEDS_SDK.format(version=sys.version.split()[0], why=error))
        return MALFORMED
    rights: frozenset[Right] = DEFAULT_RIGHTS | options.allow
    found = tools(rights, has_folder=bool(settings.get("VT_SCAN_ROOTS", "").strip()))
    limits = Limits(min(options.max_wait, options.time_limit), options.time_limit)
    calls = Calls(core, found, ending.clock, limits)

    def served() -> int:
        serve(found, calls)
        return OK

    # The SDK's thread that reads stdin cannot be stopped.
    status = ending.result_of(served)
    if not core.ends_at_once:
        ending.result_of(core.end_batch)
    return status if status is not None else OK if ending.clock.cancelled else FAILED


def _is_one_folder(path: str) -> bool:
    """Whether the setting means this folder alone: a separator in its name would open other folders."""
    try:
        return folders("--files", path) == (path,)
    except ConfigError:
        return False


def _rights(text: str) -> frozenset[str]:
    names = frozenset(name.strip() for name in text.split(","))
    unknown = sorted(names - set(_ALLOWED))
    if unknown:
        raise argparse.ArgumentTypeError(f"{unknown[0][:40]!r} is not one of {', '.join(_ALLOWED)}")
    return names
