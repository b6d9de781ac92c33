"""A real Node-RED runs the example flow against the server."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from package.bundles.node_red.headless import node_red, request_of_flow
from tests.bundles.node_red_flow import available

from .serving import READER, serving

EICAR = "44d88612fea8a8f36de82e1278abb02f"


@pytest.mark.once
def test_a_flow_of_node_red_tells_known_unknown_and_unsent_indicators_apart(tmp_path: Path) -> None:
    available()
    with serving(tmp_path) as server, node_red({"VTACTION_URL": server.url, "VTACTION_TOKEN": READER}) as flow:

        def ask(value: str) -> dict[str, object]:
            request = Request(f"{flow}/lookup", request_of_flow(value), {"Content-Type": "application/json"})
            with urlopen(request, timeout=60) as reply:
                found: dict[str, object] = json.load(reply)
                return found

        known, again = ask(EICAR), ask(EICAR)
        unknown, private, wrong = ask("e" * 32), ask("10.0.0.1"), ask("not an indicator")
    assert (known["verdict"], known["source"]) == ("malicious", "api")
    assert again["source"] == "cache"
    assert unknown["verdict"] == "unknown"
    assert private["verdict"] == "not sent"
    assert wrong["error"] == "invalid_indicator"


@pytest.mark.once
def test_a_flow_of_node_red_says_that_the_server_did_not_answer(tmp_path: Path) -> None:
    available()
    with serving(tmp_path) as server:
        settings = ({"VTACTION_URL": server.url, "VTACTION_TOKEN": "wrong"}, {"VTACTION_URL": "http://127.0.0.1:1"})
        for environment, error in zip(settings, ("wrong_token", "unavailable")):
            with node_red(environment) as flow:
                request = Request(f"{flow}/lookup", request_of_flow(EICAR), {"Content-Type": "application/json"})
                with urlopen(request, timeout=60) as reply:
                    found = json.load(reply)
            assert found["error"] == error
            assert found["summary"]
