"""Runs the actions of the plugin through the server of the connection."""

from __future__ import annotations

import json
from typing import Any

from icon_vt_connectors.util.client import LONGEST_STEP_S, InsightConnect, ServeClient, StepInput, exchange
from insightconnect_plugin_runtime.exceptions import ConnectionTestException, PluginException


def run(client: ServeClient, action: str, values: dict[str, Any]) -> dict[str, Any]:
    """The output of a step. Raises PluginException with the cause and what to do."""
    return _output(client, action, values, PluginException)


def tested(client: ServeClient) -> dict[str, Any]:
    """The output of the connection's test, which asks for the quota: that costs nothing."""
    _output(client, "quota", {}, ConnectionTestException)
    return {"success": True}


def _output(
    client: ServeClient, action: str, values: dict[str, Any], failure: type[ConnectionTestException]
) -> dict[str, Any]:
    result = exchange(InsightConnect(), StepInput(action, values), client, LONGEST_STEP_S)
    if result.output is None:
        raise failure(cause=result.cause, assistance=result.assistance, data=json.dumps(result.data))
    return result.output
