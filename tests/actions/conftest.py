"""One core and one sandbox on the same clock, which advances only by waiting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Callable

import pytest

from tests.fake_clock import FakeClock
from tests.results import wrong_with
from tests.virustotal.house import core_at
from vt_connectors.actions import ACTIONS
from vt_connectors.core import Core
from vt_connectors.sandbox import Licence, Quota, SandboxConfig, SandboxServer

from .several import Several, several_of


class Scenario:
    """Runs actions. `version` is the core's version of the API."""

    def __init__(self, server: SandboxServer, clock: FakeClock, state: Path, version: str, **settings: str) -> None:
        self.server = server
        self.clock = clock
        self.version = version
        self.core: Core = core_at(server.url, clock, state, VT_API_VERSION=version, **settings)

    def __call__(self, action: str, options: dict[str, Any] | None = None, /, **params: Any) -> Mapping[str, Any]:
        response = self.core.answer({"action": action, "params": params, "options": options or {}})
        assert action not in ACTIONS or wrong_with(response) is None, wrong_with(response)
        return response

    @property
    def calls(self) -> list[str]:
        """Method and path of the requests charged to the quota."""
        return [f"{request.method} {request.path.split('?')[0]}" for request in self.server.requests]


MakeScenario = Callable[..., Scenario]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def make_scenario(clock: FakeClock, tmp_path: Path) -> Iterator[MakeScenario]:
    """Makes scenarios that share one state, each with its own sandbox unless one is given."""
    servers: list[SandboxServer] = []

    def make(
        version: str = "3",
        quota: Quota | None = None,
        server: SandboxServer | None = None,
        config: SandboxConfig | None = None,
        **settings: str,
    ) -> Scenario:
        if server is None:
            server = SandboxServer(quota or Quota.unlimited(), clock.now, config=config)
            server.start()
            servers.append(server)
        return Scenario(server, clock, tmp_path / "state.db", version, **settings)

    yield make
    for server in servers:
        server.stop()


@pytest.fixture(params=["3", "2"])
def version(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture
def scenario(make_scenario: MakeScenario, version: str) -> Scenario:
    """A scenario for each version of the API."""
    return make_scenario(version, config=SandboxConfig(private_keys=True))


@pytest.fixture
def v3(make_scenario: MakeScenario) -> Scenario:
    return make_scenario("3")


@pytest.fixture
def licensed(make_scenario: MakeScenario) -> Scenario:
    """API v3 with a key that has every licence."""
    return make_scenario("3", config=SandboxConfig(licences=frozenset(Licence)))


@pytest.fixture(params=["file", "redis", "kvstore"])
def several(request: pytest.FixtureRequest, tmp_path: Path) -> Several:
    """Processes that share state, for each kind of state."""
    return several_of(request.param, tmp_path, request.getfixturevalue)
