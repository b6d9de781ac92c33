"""`vtaction sandbox`: the stand-in for VirusTotal until it is stopped."""

from __future__ import annotations

import sys

from ..clock import SystemClock
from ..errors import Cancelled, ConfigError
from ..quota.windows import parse_quota
from ..sandbox import Quota, SandboxServer
from .exit_codes import MALFORMED, OK


def serve(port: int, quota: str, latency_s: float, clock: SystemClock) -> int:
    """Answer on 127.0.0.1 until the process is asked to end. The exit status."""
    try:
        limits = sandbox_quota(quota)
        server = SandboxServer(limits, clock.now, port=port, latency_s=latency_s)
    except (ConfigError, OSError, OverflowError) as error:
        sys.stderr.write(f"vtaction sandbox: {error}\n")
        return MALFORMED
    with server:
        _tell(server.url)
        try:
            while True:
                clock.sleep(3600)
        except Cancelled:
            return OK


def sandbox_quota(text: str) -> Quota:
    """`VT_QUOTA`'s notation as the sandbox's. Raises `ConfigError`."""
    quota = parse_quota(text)
    days = {window.period: window.limit for window in quota.calendar}
    sliding = tuple((window.limit, window.seconds) for window in quota.sliding)
    return Quota(windows=sliding, per_day=days.get("day"), per_month=days.get("month"))


def _tell(url: str) -> None:
    sys.stdout.write(
        f"VirusTotal's stand-in answers at {url} (Ctrl-C ends it). In another shell:\n\n"
        f"  export VT_API_URL={url} VT_API_KEY=sandbox VT_STATE=$(mktemp -d)/state.db\n"
        "  vtaction lookup_hash 44d88612fea8a8f36de82e1278abb02f\n\n"
        "Any key is accepted but those that begin with 'wrong' (401) or 'forbidden' (403).\n"
    )
    sys.stdout.flush()
