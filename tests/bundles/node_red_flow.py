"""The example flow in a real Node-RED."""

from __future__ import annotations

import json
from collections.abc import Sequence
from urllib.request import Request, urlopen

import pytest

from package.bundles.node_red.headless import VERSION, node_red, request_of_flow
from package.exports import npm
from package.spl.build_error import BuildError

from .setting import Setting


def available() -> None:
    """Installs Node-RED; without it the test is skipped."""
    try:
        npm.installed("node-red", VERSION)
    except BuildError as error:
        pytest.skip(str(error))


def ask(setting: Setting, values: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The verdicts on values with their kinds, from the flow, which asks the server."""
    found: dict[str, str] = {}
    with node_red({"VTACTION_URL": setting.server, "VTACTION_TOKEN": setting.token}) as flow:
        setting.begin()
        for _, value in values:
            request = Request(f"{flow}/lookup", request_of_flow(value), {"Content-Type": "application/json"})
            with urlopen(request, timeout=120) as reply:
                found[value] = json.load(reply)["verdict"]
    return found
