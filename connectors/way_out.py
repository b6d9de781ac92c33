"""What of the composition asks VirusTotal: made when something is asked, as a cached answer needs none of it."""

from __future__ import annotations

from typing import Callable

from .account import Account, MeasuredQuota
from .api_key import ApiKey
from .clock import Clock
from .prospects import Prospects
from .quota.books import QuotaBook
from .quota.limiter import Limiter
from .settings import Settings
from .state.heartbeat import Heartbeat
from .state.unavailable import Fallback
from .virustotal.api import Api
from .virustotal.budget import Budget
from .virustotal.client import Client
from .virustotal.transport import Transport
from .virustotal.v2 import ApiV2
from .virustotal.v3 import ApiV3

_API: dict[str, Callable[[Client, ApiKey], Api]] = {"2": ApiV2, "3": ApiV3}


def make_account(
    key: ApiKey, settings: Settings, book: Fallback[QuotaBook], clock: Clock, heartbeat: Heartbeat, transport: Transport
) -> Account:
    """The key's way to VirusTotal."""
    quota = MeasuredQuota(settings.quota, clock)
    limiter = Limiter(book, key.scope, quota, clock, heartbeat)
    client = Client(transport, limiter, key, settings.api_url, clock)
    account = Account(_API[settings.api_version](client, key), limiter, Prospects(clock), quota)
    if settings.quota.auto:
        quota.figures = lambda: account.own_figures(Budget(clock.monotonic()))
    return account
