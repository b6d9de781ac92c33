"""A sandbox without quota, its clock, and a client; and a function to start others."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Callable

import pytest

from vt_connectors.sandbox import Quota, SandboxConfig, SandboxServer

from .calling import Caller, SettableClock, V2Caller

StartSandbox = Callable[..., SandboxServer]


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def start_sandbox(clock: SettableClock) -> Iterator[StartSandbox]:
    """Starts sandboxes on the test's clock and stops them after the test."""
    with contextlib.ExitStack() as stack:

        def start(quota: Quota, **options: Any) -> SandboxServer:
            return stack.enter_context(SandboxServer(quota, clock, **options))

        yield start


@pytest.fixture
def sandbox(start_sandbox: StartSandbox) -> SandboxServer:
    return start_sandbox(Quota.unlimited())


@pytest.fixture
def caller(sandbox: SandboxServer) -> Caller:
    return Caller(sandbox.url)


@pytest.fixture
def private(start_sandbox: StartSandbox) -> SandboxServer:
    """A sandbox whose keys may make API v2's private calls."""
    return start_sandbox(Quota.unlimited(), config=SandboxConfig(private_keys=True))


@pytest.fixture
def v2(private: SandboxServer) -> V2Caller:
    return V2Caller(private.url)
