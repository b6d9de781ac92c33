"""The connection of the plugin: a server and its token."""

from __future__ import annotations

from typing import Any

import insightconnect_plugin_runtime
from icon_vt_connectors.connection.schema import ConnectionSchema, Input
from icon_vt_connectors.util.client import ServeClient
from icon_vt_connectors.util.steps import tested
from insightconnect_plugin_runtime.exceptions import ConnectionTestException


class Connection(insightconnect_plugin_runtime.Connection):
    """`client` asks the server."""

    def __init__(self) -> None:
        super().__init__(input=ConnectionSchema())

    def connect(self, params: dict[str, Any]) -> None:
        token = params.get(Input.TOKEN, {}).get("secretKey", "")
        try:
            self.client = ServeClient(params.get(Input.ADDRESS, "").strip(), token.strip())
        except ValueError as error:
            assistance = "Correct the connection: its address and its token."
            raise ConnectionTestException(cause=f"{error}.", assistance=assistance) from None

    def test(self) -> dict[str, Any]:
        return tested(self.client)
