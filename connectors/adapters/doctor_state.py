"""Where cache and quota are, whether they can be used, and who shares them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ..clock import Clock
from ..errors import ConnectorError
from ..settings import Settings
from ..state.address import RedisAddress
from ..state.location import network_file_system, quota_file
from ..state.unavailable import StateUnavailable
from ..stores import server_at, state_place
from .finding import Finding, tried

# With these the server drops the quota's record last, or not at all.
_SAFE_POLICIES = ("noeviction", "volatile-ttl")
_CLOCKS_DIFFER_S = 2.0


def state_findings(settings: Settings, clock: Clock) -> Iterator[Finding]:
    """The first says whether it can be used; those after it are told where there is something to tell."""
    try:
        place = state_place(settings)
        if isinstance(place, RedisAddress):
            yield from _at_server(place, clock)
        else:
            yield tried("state", lambda: _in_file(place))
    except ConnectorError as error:
        yield Finding("state", False, error.message)


def _at_server(address: RedisAddress, clock: Clock) -> Iterator[Finding]:
    server = server_at(address, clock)
    try:
        server.greet()
        found = server.examine()
    except StateUnavailable as error:
        lost = "until it can be, each process has a cache of its own, and takes a quarter of the quota"
        yield Finding("state", False, f"{error}; {lost}")
        return
    finally:
        server.close()
    yield Finding(
        "state",
        True,
        f"{server.place} ({found.version}), answers within {found.latency_s * 1000:.1f} ms; "
        "shared by all processes of all machines that use it",
    )
    if found.policy not in _SAFE_POLICIES:
        when = "when its memory is full" if found.most_bytes else "if its memory is ever given a limit (maxmemory)"
        yield _warning("memory", f"maxmemory-policy is {found.policy}: {when} the quota's record may be dropped")
    if not found.keeps_a_log:
        yield _warning("restart", "appendonly is off: a restart forgets what was noted since the last snapshot, if any")
    if abs(found.ahead_s) >= _CLOCKS_DIFFER_S:
        differ = f"{abs(found.ahead_s):.0f} s {'ahead of' if found.ahead_s > 0 else 'behind'} this machine's"
        yield Finding("state: clock", None, f"the server's clock is {differ}; quota and ages go by the server's")
    if address.is_in_the_open:
        yield _warning("network", "without TLS, password and answers can be read and changed on the way: use rediss://")


def _warning(about: str, text: str) -> Finding:
    return Finding(f"state: {about}", None, f"warning: {text}")


def _in_file(path: Path | None) -> str:
    if path is None:
        return "memory: not shared, each process has the whole quota for itself"
    kind = network_file_system(path)
    if kind:
        raise OSError(f"{path} lies on a network file system ({kind}), where locks do not hold; set VT_STATE")
    _write_test(path)
    for file in (path, quota_file(path)):
        if file.exists() and not os.access(file, os.R_OK | os.W_OK):
            raise OSError(f"{file} is there and may not be read and written by this user; set VT_STATE, or its rights")
    return f"{path}, shared by all processes of this machine that use it"


def _write_test(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    probe = path.with_name(f".{path.name}.probe")
    probe.touch(0o600)
    probe.unlink()
