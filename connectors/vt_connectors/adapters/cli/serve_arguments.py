"""The options of `vtaction serve`, and of `vtaction serve token`."""

from __future__ import annotations

import argparse
import os
from typing import Any

from ...contract import MALFORMED
from ..process.termination import Termination
from .action_arguments import seconds
from .logs import complain

DEFAULT_ADDRESS = "127.0.0.1:8300"
MODES = {"0600": 0o600, "0660": 0o660}
_UNITS = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
_OF_THE_SERVER = ("waitress", "multipart", "prometheus_client")
_EPILOG = """examples:
  vtaction serve
  vtaction serve --listen 127.0.0.1:0 --audit audit.log
  vtaction serve --unix /run/vtaction/vtaction.sock
  vtaction serve token add soar --rights read,submit --share 30
  vtaction serve token list
  vtaction serve token revoke soar

Clients give a token in "Authorization: Bearer TOKEN" or "x-apikey: TOKEN". Without a tokens file, one is made.
"""
_ADD_EPILOG = """examples:
  vtaction serve token add wiki
  vtaction serve token add soar --rights read,submit,comment --share 30 --max-wait 60 > soar.token

rights:
  read     lookups and other reading actions
  submit   scans and rescans, which show files and URLs to others
  comment  comments and votes, which are public
  raw      downloads, intelligence search, the IoC stream, private reports, any other call of VirusTotal's API
  metrics  the server's own figures
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options and the subcommand `token`."""
    parser.epilog = _EPILOG
    place = parser.add_mutually_exclusive_group()
    about = f"IP address and port, default {DEFAULT_ADDRESS}; port 0: a free one"
    place.add_argument("--listen", metavar="HOST:PORT", help=about)
    place.add_argument("--unix", metavar="PATH", help="listen on a socket file instead")
    about = "of the socket file: for this user, or also for its group (default 0600)"
    parser.add_argument("--unix-mode", choices=sorted(MODES), default="0600", help=about)
    about = "listen on all addresses of the machine, with --listen 0.0.0.0:PORT; calls and tokens are not encrypted"
    parser.add_argument("--allow-any-address", action="store_true", help=about)
    parser.add_argument("--tokens", metavar="FILE", help="the file with the clients' tokens")
    _add_defence(parser)
    _add_audit(parser)
    parser.add_argument(
        "--max-upload",
        type=_size,
        default=_size("650M"),
        metavar="SIZE",
        help="of a file that a client sends, such as 32M (default 650M, VirusTotal's limit)",
    )
    parser.add_argument("--threads", type=_threads, default=64, metavar="N", help="from 4 to 512 (default 64)")
    parser.add_argument("--check", action="store_true", help="ask a running server whether it is ready, and exit")
    parser.set_defaults(command=_serve, ends_itself=True)
    subcommands = parser.add_subparsers(title="subcommands", metavar="[token]")
    _add_token(subcommands)


def _add_defence(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--allow-host",
        type=_host,
        action="append",
        default=[],
        metavar="NAME",
        help="a name of this server in the Host header, as NAME or NAME:PORT; may be repeated",
    )
    parser.add_argument(
        "--behind-proxy", action="store_true", help="accept calls that a proxy forwards (X-Forwarded-For, ...)"
    )
    parser.add_argument(
        "--accept-keys", action="store_true", help="clients may give their own VirusTotal key instead of a token"
    )
    parser.add_argument(
        "--allow-downloads",
        type=_size,
        nargs="?",
        const=_size("32M"),
        default=0,
        metavar="SIZE",
        help="pass on files of VirusTotal's collection, which are malware, up to this size (32M without SIZE)",
    )


def _add_audit(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--audit", metavar="FILE|syslog", help="where to log each call as a line of JSON (default: stderr)"
    )
    parser.add_argument(
        "--audit-indicator",
        choices=("plain", "hash", "none"),
        default="plain",
        help="how indicators are logged (default plain)",
    )


def _add_token(subcommands: Any) -> None:
    token = subcommands.add_parser("token", help="add, list or revoke tokens", description="The clients' tokens.")
    operations = token.add_subparsers(metavar="add|list|revoke", required=True)
    add = operations.add_parser(
        "add",
        help="make a token and print it, once",
        description="Make a token and print it. It cannot be printed again.",
        epilog=_ADD_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add.add_argument("name", metavar="NAME", help="of the client, for the logs")
    add.add_argument(
        "--rights", type=_words, default=("read",), metavar="RIGHTS", help="separated by commas (default read)"
    )
    about = "of the day's and month's quota that is reserved for it (default 0)"
    add.add_argument("--share", type=int, default=0, metavar="PERCENT", help=about)
    about = "the longest that its calls wait for quota: 30, 2m (default 10)"
    add.add_argument("--max-wait", type=seconds, default=10.0, metavar="SECONDS", help=about)
    listing = operations.add_parser("list", help="names, rights and shares", description="List the tokens' names.")
    listing.add_argument("--json", action="store_true", help="as JSON lines (the default in a pipe)")
    revoke = operations.add_parser("revoke", help="remove a token", description="Remove a token, within a second.")
    revoke.add_argument("name", metavar="NAME")
    for operation, parser in (("add", add), ("list", listing), ("revoke", revoke)):
        # Without a default, which would replace an option before `token`.
        parser.add_argument("--tokens", default=argparse.SUPPRESS, metavar="FILE", help="the tokens file")
        parser.set_defaults(command=_token, operation=operation, ends_itself=False)


def _serve(options: argparse.Namespace, ending: Termination) -> int:
    try:
        from .serve_command import serve
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _OF_THE_SERVER:
            raise
        complain(
            f"vtaction serve: {error.name} is not installed; install what the extra `serve` of this package needs: "
            "pip install 'waitress>=3.0.1,<4' 'multipart>=1.3.0,<2' 'prometheus-client>=0.20,<1'"
        )
        return MALFORMED
    return serve(options, os.environ, ending.clock)


def _token(options: argparse.Namespace, ending: Termination) -> int:
    from .token_command import run_token_command

    return run_token_command(options, os.environ, ending.clock)


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _threads(text: str) -> int:
    if not text.isdecimal() or not 4 <= int(text) <= 512:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 4 to 512")
    return int(text)


def _host(text: str) -> str:
    from ..http.defence import allowed_host

    host = allowed_host(text)
    if host is None:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a name such as vt.example.com or vt.example.com:8443; repeat the option for each name"
        )
    return host


def _size(text: str) -> int:
    """`1000`, `500K`, `32M` or `1G` in bytes."""
    number, unit = (text[:-1], text[-1:].lower()) if text[-1:].lower() in ("k", "m", "g") else (text, "")
    if not (number.isascii() and number.isdecimal() and len(number) <= 12) or int(number) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size such as 500K, 32M or 1G")
    return int(number) * _UNITS[unit]
