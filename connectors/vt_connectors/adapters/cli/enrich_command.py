"""`vtaction enrich`: its options, and the start of the stream."""

from __future__ import annotations

import argparse
import contextlib
import re
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ...contract import MALFORMED
from ...contract.options import Options
from ...core import Core
from ...event_fields import NAMES
from ...indicators import KINDS
from ..core_from_environment import core_from
from ..enrich.added_fields import FieldName
from ..enrich.dialects import DIALECTS
from ..enrich.event_stream import EventStream, Wanted
from ..process.descriptors import Input, take_stdout_aside
from ..process.stderr_lines import LosingStderr
from ..process.termination import Termination
from .action_arguments import seconds
from .logs import complain

if TYPE_CHECKING:
    from ...indicators import Kind

_ANY = "ioc"
_PREFIX = re.compile(r"[A-Za-z][A-Za-z0-9_.@-]{0,63}")
_SEPARATORS = re.compile(r"[^A-Za-z0-9_]+")
_CACHE_MODES = ("default", "refresh", "only")
_EPILOG = """examples:
  tail -F eve.json | vtaction enrich --field fileinfo.sha256 > enriched.json
  vtaction enrich --field md5 --field src_ip:ip --max-wait 1m < events.ndjson

The new fields are those of Splunk's | vtlookup: vt_status, vt_verdict, vt_detections, ... Events come out in order.
What has no answer within --max-wait is vt_status "pending": its lookup goes on, later events with the same value get
the answer, and `vtaction drain` looks up what is left. Lines that are no event pass unchanged.
exit status: 0 the input ended or the process was asked to end; 1 input or output failed; 2 wrong usage or settings.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = _EPILOG
    parser.add_argument(
        *("--field", "-f"),
        dest="fields",
        action="append",
        required=True,
        type=_field,
        metavar="NAME[:KIND]",
        help=f"the field to look up; a.b is b inside a. KIND: {', '.join(KINDS)} or {_ANY} (any, the default)",
    )
    parser.add_argument(
        "--dialect", choices=DIALECTS, default="ndjson", help="how events are written: ndjson (default), or rsyslog's"
    )
    parser.add_argument(
        "--prefix",
        type=_prefix,
        default="vt_",
        help="of the new fields (default vt_); with several --field, the field's name is put behind it",
    )
    parser.add_argument(
        "--replace", action="store_true", help="replace new fields that an event has already; otherwise it stays as is"
    )
    parser.add_argument(
        "--max-wait",
        type=seconds,
        default=0.0,
        metavar="TIME",
        help="how long an event waits for its answer (default 0)",
    )
    parser.add_argument("--max-age", type=seconds, metavar="TIME", help="accept cached answers up to this age")
    parser.add_argument(
        "--cache", choices=_CACHE_MODES, default="default", help="only: send no requests; refresh: always send one"
    )
    parser.add_argument(
        "--only",
        type=_names,
        metavar="NAMES",
        help="of the new fields, for example verdict,detections,link; status, error and queued are always there",
    )
    parser.add_argument("--context", action="store_true", help="also fields about the object itself: vt_context_...")


def run(options: argparse.Namespace, ending: Termination, environment: Mapping[str, str]) -> int:
    """Pass on the events of stdin. Returns the exit status."""
    # Events would wait for a log that is not read.
    with contextlib.redirect_stderr(LosingStderr()):
        return _passed_on(options, ending, environment)


def _passed_on(options: argparse.Namespace, ending: Termination, environment: Mapping[str, str]) -> int:
    core = core_from(environment, ending.clock)
    if not isinstance(core, Core):
        complain(f"error: {core.error.message}")
        return MALFORMED
    fields = field_names(options.fields, options.prefix)
    if len({field.prefix for field in fields}) < len(fields):
        complain("error: two of the fields would get new fields with the same names; name each field once")
        return MALFORMED
    include = frozenset({"context"} if options.context else ())
    lookup_options = Options(options.cache, options.max_age, options.max_wait, include)
    wanted = Wanted(fields, options.prefix, lookup_options, options.replace, options.only)
    stdin, stdout = Input(sys.stdin.fileno()), take_stdout_aside()
    return EventStream(core, DIALECTS[options.dialect](), wanted, ending).run(stdin, stdout)


def field_names(fields: Sequence[tuple[str, Kind | None]], prefix: str) -> list[FieldName]:
    """The fields with the prefixes of their new fields, which differ if there are several."""
    if len(fields) == 1:
        return [FieldName(*fields[0], prefix)]
    return [FieldName(name, kind, f"{prefix}{_SEPARATORS.sub('_', name)}_") for name, kind in fields]


def _field(text: str) -> tuple[str, Kind | None]:
    name, separator, kind = text.rpartition(":")
    if not separator:
        name, kind = text, _ANY
    known: Mapping[str, Kind | None] = {_ANY: None, **{each: each for each in KINDS}}
    if kind not in known:
        raise argparse.ArgumentTypeError(f"{kind[:40]!r} is not a kind: {', '.join(known)}; for example src_ip:ip")
    if not name or len(name) > 256:
        raise argparse.ArgumentTypeError(f"{name[:40]!r} is not the name of a field")
    return name, known[kind]


def _names(text: str) -> frozenset[str]:
    names = [name.strip() for name in text.split(",")]
    unknown = [name for name in names if name not in NAMES and not name.startswith("context_")]
    if unknown:
        raise argparse.ArgumentTypeError(f"{unknown[0][:40]!r} is not one of {', '.join(NAMES)}")
    return frozenset(names)


def _prefix(text: str) -> str:
    if not _PREFIX.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a prefix: a letter, then letters, digits, _ . @ -")
    return text
