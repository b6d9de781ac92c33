"""Builds an account, the part that sends requests. Built on demand, because a cached answer does not need it."""

from __future__ import annotations

import hashlib
from typing import Callable

from ..api_key import ApiKey
from ..clock import Clock
from ..config.settings import Settings
from ..quota.ledger_store import LedgerStore
from ..quota.limiter import Limiter
from ..quota.refused import Refused
from ..state.fallback import Fallback
from ..state.heartbeat import Heartbeat
from ..virustotal.account import Account, MeasuredQuota
from ..virustotal.budget import Budget
from ..virustotal.circuit_breaker import CircuitBreaker
from ..virustotal.client import Client
from ..virustotal.http.proxies import ProxySettings
from ..virustotal.http.transport import Transport
from ..virustotal.port import Api
from ..virustotal.probe import KeyProbe
from ..virustotal.v2 import ApiV2
from ..virustotal.v3 import ApiV3

_API: dict[str, Callable[[Client, ApiKey], Api]] = {"2": ApiV2, "3": ApiV3}


def make_account(
    key: ApiKey,
    settings: Settings,
    ledgers: Fallback[LedgerStore],
    clock: Clock,
    heartbeat: Heartbeat,
    transport: Transport,
) -> Account:
    """The account of the key at the configured server."""
    quota = MeasuredQuota(settings.quota, clock)
    limiter = Limiter(ledgers, key.scope, quota, clock, heartbeat)
    client = Client(transport, limiter, key, settings.api_url, clock)
    api, refused, breaker = _API[settings.api_version](client, key), Refused(limiter, clock), CircuitBreaker(clock)
    probe = KeyProbe(breaker, clock, settings.timeout_s)
    account = Account(api, limiter, breaker, probe, quota, refused, _identity(key, settings))
    if settings.quota.auto:
        quota.figures = lambda: account.own_figures(Budget(clock.monotonic()))
    return account


def proxy_of(settings: Settings) -> str | None:
    """The proxy that requests go through, without user and password. Raises `ConfigError` if it cannot be used."""
    return ProxySettings().proxy_for(settings.api_url)


def certificates_of() -> str | None:
    """The configured file or folder of trusted certificates, if any. Raises `ConfigError`."""
    found = ProxySettings().verify()
    return found if isinstance(found, str) else None


def _identity(key: ApiKey, settings: Settings) -> str:
    return hashlib.sha256(f"vt-connectors account {key.scope} {settings.api_url}".encode()).hexdigest()[:32]
