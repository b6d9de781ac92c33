"""`vtaction sandbox`: runs the stand-in for VirusTotal until it is stopped."""

from __future__ import annotations

import argparse
import errno
import sys
from urllib.parse import quote

from ...clock import Clock, SystemClock, iso
from ...config.values import seconds_of
from ...contract import FAILED, MALFORMED, OK
from ...errors import Cancelled, ConfigError
from ...quota.windows import parse_quota
from ...sandbox import Charge, Fault, LoggedRequest, Quota, SandboxConfig, SandboxServer
from ...sandbox.data.catalogue import catalogue
from ...sandbox.data.kinds import Kind
from ...sandbox.faults import check_shares
from .logs import complain
from .output.formats import FORMATS, chosen_format, show_rows

_MOST_SECONDS = 86400
# The share of an analysis' time that it is queued.
_QUEUED_PART = 0.4


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=_port, default=8099, help="port on 127.0.0.1 (default 8099; 0 takes a free one)")
    parser.add_argument(
        "--quota", default="4/minute,500/day,15500/month", help="like VT_QUOTA (default: the public API's quota)"
    )
    parser.add_argument("--latency", default="0", metavar="TIME", help="of each response: 50ms, 0.5s, 50ms-500ms")
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="WHAT:SHARE",
        help="a fault and its share of requests: a status (503:0.1), reset, cut, html, garbage, slow; may be repeated",
    )
    parser.add_argument("--seed", type=int, metavar="N", help="the same faults in the same order each time")
    parser.add_argument("--scan-time", default="5s", metavar="TIME", help="duration of an analysis (default 5s)")
    parser.add_argument(
        "--stream-every",
        default="10m",
        metavar="TIME",
        help="a notification in the IoC stream each (default 10m; 0: none)",
    )
    about = "begin with the quota of this day or month used up"
    parser.add_argument("--exhausted", choices=("day", "month"), help=about)
    parser.add_argument("--log", action="store_true", help="log each request on stderr")
    parser.add_argument("--list", action="store_true", help="list the indicators with fixed reports, and exit")
    parser.add_argument("--format", choices=FORMATS, help="of --list (default: table on a terminal, else ndjson)")
    parser.set_defaults(json=False)


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 65535")
    return int(text)


def serve(options: argparse.Namespace, clock: SystemClock) -> int:
    """Serve on 127.0.0.1 until the process is asked to end. Returns the exit status."""
    if options.list:
        _list(chosen_format(options))
        return OK
    try:
        server = sandbox_server(options, clock)
    except OSError as error:
        complain(f"vtaction sandbox: {_why_no_port(options.port, error)}")
        return MALFORMED
    except (ConfigError, OverflowError, ValueError) as error:
        complain(f"vtaction sandbox: {error}")
        return MALFORMED
    if options.log:
        server.app.told = _log
    with server:
        _print_address(server.url)
        try:
            while server.is_answering:
                clock.sleep(1.0)
        except Cancelled:
            return OK
        complain("vtaction sandbox: the server stopped unexpectedly")
        return FAILED


def _why_no_port(port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is taken, perhaps by another sandbox; name another with --port, or --port 0 for a free one"
    return f"cannot listen at port {port}: {error.strerror or error}; name another with --port"


def _list(chosen: str) -> None:
    """The indicators with fixed reports, by kind."""
    rows = [
        {
            "type": "hash" if entry.item.kind is Kind.FILE else entry.item.kind.value.removesuffix("_address"),
            "indicator": entry.item.value,
            "verdict": entry.verdict.value,
            "name": (entry.facts.name if entry.facts else None) or "",
        }
        for entry in catalogue()
    ]
    show_rows(rows, chosen)


def sandbox_server(options: argparse.Namespace, clock: Clock) -> SandboxServer:
    """The server for these options. Raises `ConfigError`, `ValueError`, and `OSError` for a port in use."""
    scan_s = seconds(options.scan_time, "--scan-time")
    config = SandboxConfig(
        queued_s=scan_s * _QUEUED_PART,
        completed_s=scan_s,
        faults=_faults(options.fault),
        seed=options.seed,
        stream_every_s=seconds(options.stream_every, "--stream-every"),
        exhausted=options.exhausted or "",
    )
    latency, quota = seconds_between(options.latency, "--latency"), _quota(options.quota)
    limits = {"day": quota.per_day, "month": quota.per_month}
    if options.exhausted and limits[options.exhausted] is None:
        raise ConfigError(f"--exhausted: --quota {options.quota} has no limit for a {options.exhausted}; add one")
    return SandboxServer(quota, clock.now, port=options.port, latency_s=latency, config=config)


def _faults(texts: list[str]) -> tuple[Fault, ...]:
    try:
        faults = tuple(map(Fault.parse, texts))
        check_shares(faults)
        return faults
    except ValueError as error:
        raise ValueError(f"--fault: {error}") from None


def _quota(text: str) -> Quota:
    """The sandbox's quota from the notation of `VT_QUOTA`. Raises `ConfigError`."""
    quota = parse_quota(text, "--quota")
    days = {window.period: window.limit for window in quota.calendar}
    sliding = tuple((window.limit, window.seconds) for window in quota.sliding)
    return Quota(windows=sliding, per_day=days.get("day"), per_month=days.get("month"))


def seconds(text: str, option: str) -> float:
    """`50ms`, `2s`, `0.5`, `1h` in seconds, at most a day. Raises `ValueError`, which names the `option`."""
    time_s = seconds_of(text)
    if time_s is None or time_s > _MOST_SECONDS:
        raise ValueError(f"{option}: {text!r} is not a time such as 50ms, 0.5s or 2")
    return time_s


def seconds_between(text: str, option: str) -> tuple[float, float]:
    """The minimum and maximum in seconds: two times with a dash between them, or one time. Raises `ValueError`."""
    low, dash, high = text.partition("-")
    between = seconds(low, option), seconds(high if dash else low, option)
    if between[0] > between[1]:
        raise ValueError(f"{option}: {text!r}: the shorter time comes first")
    return between


def _log(request: LoggedRequest) -> None:
    sys.stderr.write(log_line(request) + "\n")
    sys.stderr.flush()


def log_line(request: LoggedRequest) -> str:
    """Time, method, path without key, status (`-` for none), charge, and the injected fault, if any."""
    # Quoted because a path may contain control sequences for the terminal.
    path = quote(request.path, safe="/%[]:@!$&'()*+,;=~")
    charged = f"{request.charge.value} {request.cost}" if request.charge is Charge.SPENT else request.charge.value
    parts = [iso(request.arrived_at), request.method, path, str(request.status or "-"), charged]
    return " ".join([*parts, f"fault={request.fault}"] if request.fault else parts)


def _print_address(url: str) -> None:
    sys.stdout.write(
        f"The sandbox listens at {url} (Ctrl-C stops it). In another shell:\n\n"
        f"  export VT_API_URL={url} VT_API_KEY=sandbox VT_STATE=$(mktemp -d)/state.db\n"
        "  vtaction lookup_hash 44d88612fea8a8f36de82e1278abb02f\n\n"
        "It accepts any key, except keys that begin with 'wrong' (401) or 'forbidden' (403).\n"
        "Keys that begin with 'premium-', 'gti-' or 'private-' have that licence; all others are public.\n"
        "'premium-gti-private-test' has all of them.\n"
        "It supports API v3, and v2 with VT_API_VERSION=2. `vtaction sandbox --list` names its known indicators.\n"
    )
    sys.stdout.flush()
