"""Cores with each kind of state, and a quota that is used up by the first request."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Callable

from bench.soak.drill import KEY, Effort
from tests.redis_process import PROGRAM, RedisProcess
from tests.splunk.fake_kvstore import FakeKvStore, Member
from tests.splunk.fake_splunkd import SESSION, FakeSplunkd
from tests.splunk.kvstore_parts import Splunkd
from vt_connectors.api_key import ApiKey
from vt_connectors.clock import SystemClock
from vt_connectors.composition.core import build
from vt_connectors.composition.state import KVSTORE, NO_PLACES, Places
from vt_connectors.config.settings import settings_from
from vt_connectors.core import Core
from vt_connectors.quota.windows import period_end
from vt_connectors.sandbox import SandboxServer

# A drill takes less time.
_LONGEST_S = 3600.0


@dataclass(frozen=True)
class Backend:
    """`core()` makes one more core with this state."""

    name: str
    core: Callable[[], Core]


def period() -> str:
    """A calendar window that does not end during the drill."""
    now = time.time()
    return "day" if period_end("day", now) - now > _LONGEST_S else "month"


def backends(effort: Effort, server: SandboxServer, room: int) -> Iterator[Backend]:
    with contextlib.ExitStack() as stack:

        def make(state: str, places: Places = NO_PLACES) -> Core:
            given: dict[str, Any] = {
                "VT_API_URL": server.url,
                "VT_STATE": state,
                "VT_QUOTA": f"1/{period()}",
                "VT_PENDING_MAX": str(room),
            }
            core = build(settings_from(given), lambda: ApiKey(KEY), SystemClock(), places=places)
            stack.callback(core.close)
            return core

        alone = make("memory")
        yield Backend("memory", lambda: alone)
        file = str(effort.place("exhausted") / "state.db")
        yield Backend("a file", lambda: make(file))
        if PROGRAM is None:
            print("no redis-server here: it is left out")
        else:
            process = RedisProcess(effort.place("exhausted-redis")).start()
            stack.callback(process.kill)
            yield Backend("Redis", lambda: make(process.url))
        splunkd = stack.enter_context(FakeSplunkd(kvstore=Member(FakeKvStore())))
        yield Backend("the KV store", lambda: make(KVSTORE, Splunkd(splunkd.url, SESSION).places()))
