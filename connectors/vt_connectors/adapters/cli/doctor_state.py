"""Where cache and quota are, whether they can be used, and who shares them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Callable

from ...backends.redis_url import RedisAddress
from ...clock import Clock
from ...composition.state import server_at, state_files, state_place, substitute_place
from ...config.settings import Settings
from ...errors import ConnectorError
from ...redaction import without_keys
from ...state.fallback import StateUnavailable
from ...state.private_folder import make_private_folder

if TYPE_CHECKING:
    from ...composition.state import Condition

# What a full server drops with each policy, as far as it matters here.
_DROPS_ANYTHING = "allkeys-"
_DROPS_LEASES = {
    "volatile-ttl": "what ends soonest goes first",
    "volatile-random": "what goes is left to chance",
}
_HARMLESS = ("noeviction", "volatile-lru", "volatile-lfu")
_ALMOST_FULL = 0.95
_CLOCKS_DIFFER_S = 2.0


@dataclass(frozen=True)
class Check:
    """One thing looked at: `ok` is True, False, or None for what is only told."""

    about: str
    ok: bool | None
    text: str

    def without_keys(self) -> Check:
        """The same without any key that is remembered."""
        return replace(self, text=without_keys(self.text))


def check(about: str, look: Callable[[], str]) -> Check:
    """What `look` tells, or what is wrong."""
    try:
        return Check(about, True, look())
    except (ConnectorError, OSError) as error:
        return Check(about, False, str(error))


def state_findings(settings: Settings, clock: Clock) -> Iterator[Check]:
    """The first says whether it can be used; those after it are told where there is something to tell."""
    try:
        place = state_place(settings)
        if isinstance(place, RedisAddress):
            yield from _at_server(place, clock)
        else:
            found = check("state", lambda: _in_file(place))
            yield found
            if found.ok is False or settings.state_required:
                yield _without_it(settings)
    except ConnectorError as error:
        yield Check("state", False, error.message)


def _at_server(address: RedisAddress, clock: Clock) -> Iterator[Check]:
    server = server_at(address, clock)
    try:
        server.greet()
        found = server.examine()
    except StateUnavailable as error:
        lost = "until it can be, all processes of a user on a machine share a quarter of the quota, and no cache"
        yield Check("state", False, f"{error}; {lost}")
        return
    finally:
        server.close()
    yield Check(
        "state",
        True,
        f"{server.place} ({found.version}), answers within {found.latency_s * 1000:.1f} ms; "
        "shared by all processes of all machines that use it",
    )
    yield from _memory(found)
    if found.ending:
        yield _warning(
            "record",
            f"{found.ending} keys of the quota's record or the queue end by themselves: a full server may drop them; "
            "an earlier version wrote them, and each stays from its next use on, if the user may use PERSIST",
        )
    if not found.keeps_a_log:
        yield _warning("restart", "appendonly is off: a restart forgets what was noted since the last snapshot, if any")
    if abs(found.ahead_s) >= _CLOCKS_DIFFER_S:
        differ = f"{abs(found.ahead_s):.0f} s {'ahead of' if found.ahead_s > 0 else 'behind'} this machine's"
        yield Check("state: clock", None, f"the server's clock is {differ}; quota and ages go by the server's")
    if address.is_in_the_open:
        yield _warning("network", "without TLS, password and answers can be read and changed on the way: use rediss://")


def _memory(found: Condition) -> Iterator[Check]:
    """What the server does, or may do, when it has no memory left."""
    if found.policy.startswith(_DROPS_ANYTHING):
        dropped = f"maxmemory-policy is {found.policy}: a full server drops the record of the quota and the queue too"
        if found.most_bytes:
            lost = f"requests can then exceed the quota of the day and the month ({found.evicted} keys dropped so far)"
            yield Check("state: memory", False, f"{dropped}, and {lost}; set noeviction")
        else:
            yield _warning(
                "memory", f"{dropped}; it has no limit (maxmemory) now, but set noeviction before it gets one"
            )
    elif found.policy in _DROPS_LEASES:
        how = _DROPS_LEASES[found.policy]
        yield _warning(
            "memory",
            f"maxmemory-policy is {found.policy}: the record of the quota stays, but when memory is full {how}, also "
            "the note of what is being asked for, which is then asked for twice; noeviction is better",
        )
    elif found.policy not in _HARMLESS:
        yield _warning("memory", f"maxmemory-policy is {found.policy}, which is not known here; set noeviction")
    if found.most_bytes and found.bytes > found.most_bytes * _ALMOST_FULL:
        used = f"{found.bytes / 2**20:.0f} of {found.most_bytes / 2**20:.0f} MB are in use"
        yield _warning("memory", f"{used}: new answers take the place of old ones, as far as there are any")


def _warning(about: str, text: str) -> Check:
    return Check(f"state: {about}", None, f"warning: {text}")


def _in_file(path: Path | None) -> str:
    if path is None:
        return "memory: not shared; each process has a cache, and the whole quota, for itself"
    files = state_files(path)
    _write_test(files.answers.path)
    for file in files.paths:
        if file.exists() and not os.access(file, os.R_OK | os.W_OK):
            raise OSError(f"{file} is there and may not be read and written by this user; set VT_STATE, or its rights")
    return f"{path}, shared by all processes of this machine that use it"


def _write_test(path: Path) -> None:
    make_private_folder(path.parent)
    probe = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    os.close(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    probe.unlink()


def _without_it(settings: Settings) -> Check:
    """What happens while the record of the quota cannot be used."""
    if settings.state_required:
        return Check("state: without it", None, "nothing is asked (VT_STATE_REQUIRED)")
    place = substitute_place()
    return Check(
        "state: without it",
        None,
        f"all processes of this user on this machine share a quarter of the quota, counted in {place}",
    )
