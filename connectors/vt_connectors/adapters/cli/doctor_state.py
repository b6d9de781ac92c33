"""Checks the shared state: its location, whether it can be used, and which processes share it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Callable

from ...backends.redis_url import RedisAddress
from ...clock import Clock
from ...composition.redis_state import server_at
from ...composition.state import state_files, state_place, substitute_place
from ...config.settings import Settings
from ...errors import ConnectorError
from ...redaction import without_keys
from ...state.fallback import StateUnavailable
from ...state.trust import make_private_folder

if TYPE_CHECKING:
    from ...composition.redis_state import Condition

# The maxmemory policies of a Redis server: what a full server drops.
_DROPS_ANYTHING = "allkeys-"
_DROPS_LEASES = {
    "volatile-ttl": "it drops the keys that expire soonest",
    "volatile-random": "it drops random keys",
}
_HARMLESS = ("noeviction", "volatile-lru", "volatile-lfu")
_ALMOST_FULL = 0.95
_CLOCKS_DIFFER_S = 2.0
# As much as a few answers need.
_PROBE_BYTES = 64 * 1024


@dataclass(frozen=True)
class Check:
    """One finding. `ok`: True, False, or None for information only."""

    about: str
    ok: bool | None
    text: str

    def without_keys(self) -> Check:
        """The same finding without any known API key."""
        return replace(self, text=without_keys(self.text))


def check(about: str, look: Callable[[], str]) -> Check:
    """The finding with the text that `look` returns, or with its error."""
    try:
        return Check(about, True, look())
    except (ConnectorError, OSError) as error:
        return Check(about, False, str(error))


def state_findings(settings: Settings, clock: Clock) -> Iterator[Check]:
    """The first finding says whether the state can be used; the others follow only if there is something to report."""
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
        fallback = "until then, all processes of a user on a machine share a quarter of the quota, and no cache"
        yield Check("state", False, f"{error}; {fallback}")
        return
    finally:
        server.close()
    yield Check(
        "state",
        True,
        f"{server.place} ({found.version}), latency {found.latency_s * 1000:.1f} ms; "
        "shared by all processes of all machines that use it",
    )
    yield from _memory(found)
    if found.ending:
        yield _warning(
            "record",
            f"{found.ending} keys of the quota's record or the queue expire, so a full server may drop them; an "
            "earlier version wrote them, and each becomes permanent on its next use if the Redis user may use PERSIST",
        )
    if not found.keeps_a_log:
        yield _warning("restart", "appendonly is off: a restart loses all changes since the last snapshot, if any")
    if abs(found.ahead_s) >= _CLOCKS_DIFFER_S:
        differ = f"{abs(found.ahead_s):.0f} s {'ahead of' if found.ahead_s > 0 else 'behind'} this machine's"
        yield Check("state: clock", None, f"the server's clock is {differ}; quota and ages follow the server's clock")
    if address.is_in_the_open:
        yield _warning(
            "network", "without TLS, the password and answers can be read and changed in transit: use rediss://"
        )


def _memory(found: Condition) -> Iterator[Check]:
    """What the server does when its memory is full."""
    if found.policy.startswith(_DROPS_ANYTHING):
        dropped = f"maxmemory-policy is {found.policy}: a full server drops the record of the quota and the queue too"
        if found.most_bytes:
            effect = f"requests can then exceed the daily and monthly quota ({found.evicted} keys dropped so far)"
            yield Check("state: memory", False, f"{dropped}, and {effect}; set noeviction")
        else:
            yield _warning("memory", f"{dropped}; maxmemory is not set now, but set noeviction before you set it")
    elif found.policy in _DROPS_LEASES:
        how = _DROPS_LEASES[found.policy]
        yield _warning(
            "memory",
            f"maxmemory-policy is {found.policy}: the record of the quota stays, but when memory is full {how}, also "
            "leases, so a request may be sent twice; noeviction is better",
        )
    elif found.policy not in _HARMLESS:
        yield _warning("memory", f"maxmemory-policy is {found.policy}, which is unknown; set noeviction")
    if found.most_bytes and found.bytes > found.most_bytes * _ALMOST_FULL:
        used = f"{found.bytes / 2**20:.0f} of {found.most_bytes / 2**20:.0f} MB are in use"
        yield _warning("memory", f"{used}: new answers replace old ones, if there are any")


def _warning(about: str, text: str) -> Check:
    return Check(f"state: {about}", None, f"warning: {text}")


def _in_file(path: Path | None) -> str:
    if path is None:
        return "memory: not shared; each process has its own cache and the whole quota"
    files = state_files(path)
    try:
        _write_test(files.answers.path)
    except OSError as error:
        if error.errno is None:  # it is a sentence already
            raise
        raise OSError(
            f"{path} cannot be written ({error}); set VT_STATE to a file in a folder that this user may write, or "
            "change the permissions"
        ) from None
    for file in files.paths:
        if file.exists() and not os.access(file, os.R_OK | os.W_OK):
            raise OSError(
                f"{file} exists, but this user may not read and write it; set VT_STATE, or change its permissions"
            )
    return f"{path}, shared by all processes of this machine that use it"


def _write_test(path: Path) -> None:
    make_private_folder(path.parent)
    probe = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    try:
        # Unbuffered. An empty file would fit on a full disk too.
        with os.fdopen(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb", buffering=0) as file:
            if file.write(bytes(_PROBE_BYTES)) < _PROBE_BYTES:
                raise OSError(f"the disk of {path.parent} is full; free some of it, or set VT_STATE")
    finally:
        probe.unlink(missing_ok=True)


def _without_it(settings: Settings) -> Check:
    """What happens if the record of the quota cannot be used."""
    if settings.state_required:
        return Check("state: without it", None, "no request is sent (VT_STATE_REQUIRED)")
    place = substitute_place()
    return Check(
        "state: without it",
        None,
        f"all processes of this user on this machine share a quarter of the quota, counted in {place}",
    )
