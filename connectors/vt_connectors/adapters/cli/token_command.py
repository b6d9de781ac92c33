"""`vtaction serve token`: adds, lists and revokes the tokens of the server's clients."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from ...clock import SystemClock
from ...config.paths import expanded
from ...contract import MALFORMED, OK
from ...errors import ConfigError
from ..core_from_environment import remember_keys
from ..http.callers import RIGHTS, Caller, Right
from ..http.private_files import require_folder
from ..http.token_file import Entry, add_token, default_tokens_file, read_tokens, revoke_token
from ..process.descriptors import Output
from .logs import complain


def tokens_path(options: argparse.Namespace, environment: Mapping[str, str]) -> Path:
    """The tokens file of `--tokens`, whose folder must exist, or the default one. Raises `ConfigError`."""
    if options.tokens is None:
        return default_tokens_file()
    if not options.tokens:
        raise ConfigError("--tokens names no file; name one, or leave the option out")
    path = expanded("--tokens", options.tokens, environment).absolute()
    require_folder("--tokens", path)
    return path


def run_token_command(options: argparse.Namespace, environment: Mapping[str, str], clock: SystemClock) -> int:
    """Run the operation. Returns the exit status."""
    try:
        path = tokens_path(options, environment)
        if options.operation == "add":
            _add(options, path, clock)
        elif options.operation == "revoke":
            revoke_token(path, options.name)
            complain(f"revoked {options.name}")
        else:
            _list(path, as_json=options.json or not sys.stdout.isatty())
    except ConfigError as error:
        remember_keys(environment)
        complain(f"error: {error.message}")
        return MALFORMED
    return OK


def _add(options: argparse.Namespace, path: Path, clock: SystemClock) -> None:
    caller = Caller(
        options.name, cast("frozenset[Right]", frozenset(options.rights)), options.share, float(options.max_wait)
    )
    token = add_token(path, caller, clock.now())
    try:
        # Without a buffer, so that a failure is known here.
        Output(sys.stdout.fileno()).write(f"{token}\n".encode("ascii"), lambda: not clock.cancelled)
    except OSError as error:
        revoke_token(path, caller.name)
        raise ConfigError(f"the token could not be printed, so {caller.name} was not added: {error.strerror}") from None
    complain(f"added {caller.name} to {path}; keep the token, it cannot be printed again")


def _list(path: Path, *, as_json: bool) -> None:
    try:
        entries = read_tokens(path)
    except FileNotFoundError:
        complain(f"there is no tokens file {path}")
        return
    if as_json:
        sys.stdout.writelines(json.dumps(_row(entry)) + "\n" for entry in entries)
    else:
        _show(entries)


def _row(entry: Entry) -> dict[str, object]:
    caller = entry.caller
    return {
        "name": caller.name,
        "rights": [right for right in RIGHTS if right in caller.rights],
        "share": caller.share,
        "max_wait_s": caller.longest_wait_s,
        "created": entry.created,
    }


def _show(entries: tuple[Entry, ...]) -> None:
    from .output.responses import show_sheet
    from .output.sheet import Sheet, cell

    rows = []
    for caller, _, created in entries:
        rights = ", ".join(right for right in RIGHTS if right in caller.rights)
        row = (caller.name, rights, f"{caller.share} %", f"{caller.longest_wait_s:g} s", created)
        rows.append(tuple(map(cell, row)))
    show_sheet(Sheet(("name", "rights", "share", "longest wait", "created"), rows), "table")
