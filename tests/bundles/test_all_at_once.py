"""All platforms at once, each with real processes, against one key: each indicator costs one request."""

from __future__ import annotations

import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Barrier, BrokenBarrierError
from typing import Callable

import pytest

from tests.http.served_process import served
from tests.vtaction_process import RunnerProcess
from vt_connectors.adapters.soar.exchange import request
from vt_connectors.adapters.soar.outcome import verdict_of
from vt_connectors.adapters.soar.serve_client import ServeClient
from vt_connectors.sandbox import Quota, SandboxServer

from . import (
    cortex_process,
    insightconnect_runtime,
    misp_server,
    node_red_flow,
    opencti_process,
    package_commands,
    sensoroni,
    soar_app,
    xsoar_process,
)
from .installed import installed
from .setting import KEY, Setting, setting

Values = Sequence[tuple[str, str]]
# Asks about values with their kinds, after `setting.begin()`, and returns the platform's verdict on each.
Ask = Callable[[Setting, Values], dict[str, str]]

# Values with their kinds, and the sandbox's verdicts.
ASKED = {
    ("hash", "44d88612fea8a8f36de82e1278abb02f"): "malicious",
    ("hash", "dd4374b5469958b438cacfe816fffd54bff633815f03398759e5b48202702de2"): "suspicious",
    ("domain", "malicious.example"): "malicious",
    ("url", "https://suspicious.example/free-gift"): "suspicious",
    ("ip", "8.8.8.8"): "undetected",
}
# VirusTotal's, so that many ask while a request is on its way.
_LATENCY_S = 0.5
_MOST_S = 180.0


def _by_serve(setting: Setting, values: Values) -> dict[str, str]:
    requests = [request("lookup", {"value": value, "type": kind}) for kind, value in values]
    setting.begin()
    responses = ServeClient(setting.server, setting.token).answers(requests, 300.0)
    return {value: verdict_of(response) for (_, value), response in zip(values, responses)}


def _by_vtaction(setting: Setting, values: Values) -> dict[str, str]:
    requests = [request("lookup", {"value": value, "type": kind}) for kind, value in values]
    setting.begin()
    lines = RunnerProcess(setting.environment)(*requests).lines
    return {value: verdict_of(response) for (_, value), response in zip(values, lines)}


def _nothing() -> None:
    pass


# The platforms, and what skips a test if the platform's part is not installed. A new one is a line here.
PLATFORMS: dict[str, tuple[Ask, Callable[[], object]]] = {
    "TheHive Cortex": (cortex_process.ask, partial(installed, "cortexutils")),
    "MISP": (misp_server.ask, partial(installed, "misp_modules")),
    "Node-RED": (node_red_flow.ask, node_red_flow.available),
    "Cortex XSOAR": (xsoar_process.ask, xsoar_process.needed),
    "OpenCTI": (opencti_process.ask, partial(installed, "pycti")),
    "Security Onion": (sensoroni.ask, _nothing),
    "Splunk SOAR": (soar_app.ask, partial(installed, "splunk_soar")),
    "InsightConnect": (insightconnect_runtime.ask, insightconnect_runtime.available),
    "MCP": (package_commands.by_mcp, package_commands.mcp_available),
    "vtaction enrich": (package_commands.by_enrich, _nothing),
    "serve": (_by_serve, _nothing),
    "vtaction": (_by_vtaction, _nothing),
}


@pytest.mark.parametrize("name", PLATFORMS)
def test_the_platform_takes_part(name: str) -> None:
    _, needs = PLATFORMS[name]
    needs()


def test_one_request_for_each_indicator_whoever_asks(tmp_path: Path) -> None:
    taking_part = {name: ask for name, (ask, needs) in PLATFORMS.items() if _is_there(needs)}
    begin, failures = Barrier(len(taking_part)), list[BaseException]()
    with (
        SandboxServer(Quota.unlimited(), latency_s=_LATENCY_S) as sandbox,
        served(sandbox, tmp_path, VT_API_KEY=KEY) as server,
    ):
        shared = setting(sandbox, tmp_path)._replace(
            server=server.address, token=server.token, begin=lambda: begin.wait(_MOST_S)
        )

        def answers(name: str) -> dict[str, str]:
            values = random.Random(name).sample(list(ASKED), len(ASKED))
            try:
                return taking_part[name](shared.for_platform(name), values)
            except BrokenBarrierError:
                raise
            except BaseException as error:
                failures.append(error)
                begin.abort()
                raise

        with ThreadPoolExecutor(len(taking_part)) as pool:
            try:
                found = dict(zip(taking_part, pool.map(answers, taking_part)))
            except BrokenBarrierError:
                # Of those who waited; what broke it says more.
                raise (failures or [AssertionError("not all were ready in time")])[0] from None
    verdicts = {value: verdict for (_, value), verdict in ASKED.items()}
    assert [name for name, said in found.items() if said != verdicts] == []
    assert len(sandbox.requests) == len(ASKED)


def _is_there(needs: Callable[[], object]) -> bool:
    try:
        needs()
    except pytest.skip.Exception:
        return False
    return True
