"""What a public key may not do is `forbidden` with the licence's name, and the key's other calls go on.

It runs on one Python: which refusal becomes which error is a table.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fake_clock import FakeClock
from tests.results import wrong_with
from tests.virustotal.house import core_at
from vt_connectors.actions import ACTIONS
from vt_connectors.core import Core
from vt_connectors.sandbox import Quota, SandboxServer
from vt_connectors.virustotal.licences import NAMES
from vt_connectors.virustotal.relationship_names import NAMES as RELATIONSHIPS

pytestmark = pytest.mark.once

EICAR = "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"
INDICATORS = {"hash": EICAR, "url": "https://example.com/login?next=%2F", "domain": "example.com", "ip": "8.8.8.8"}
LICENSED = [(action.name, dict(action.example), action.licence) for action in ACTIONS.values()]
LICENSED = [call for call in LICENSED if call[2] not in ("free", None)]
# One name of each licence and kind.
LICENSED += [
    ("relationships", {"indicator": INDICATORS[kind], "type": kind, "relationship": name}, licence)
    for kind, names in RELATIONSHIPS.items()
    for name, licence in names.items()
    if licence != "free" and name in ("analyses", "urls", "downloaded_files", "malware_families")
]


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    with SandboxServer(Quota.unlimited()) as server:
        yield server


@pytest.fixture
def core(server: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Core]:
    """An example creates a file in the working folder, which must not have it already."""
    monkeypatch.chdir(tmp_path)
    core = core_at(server.url, FakeClock(), tmp_path / "state.db", VT_QUOTA="1000/minute")
    yield core
    core.close()


def _answer(core: Core, action: str, params: dict[str, Any], **options: Any) -> Any:
    response = core.answer({"action": action, "params": params, "options": options})
    assert wrong_with(response) is None, wrong_with(response)
    return response


def test_there_are_licensed_actions_and_each_licence_has_a_name() -> None:
    assert {"intelligence_search", "ioc_stream"} <= {action for action, _, _ in LICENSED}
    assert {licence for _, _, licence in LICENSED} <= set(NAMES)
    assert {action.licence for action in ACTIONS.values()} <= {None, *NAMES}


@pytest.mark.parametrize(("action", "params", "licence"), LICENSED)
def test_a_public_key_is_told_the_licence_and_goes_on(
    core: Core, server: SandboxServer, action: str, params: dict[str, Any], licence: Any
) -> None:
    error = _answer(core, action, params)["error"]
    assert (error["code"], error["retryable"], error["details"]["licence"]) == ("forbidden", False, licence)
    assert NAMES[licence] in error["message"]
    for kind, value in INDICATORS.items():
        assert _answer(core, f"lookup_{kind}", {kind: value}, cache="refresh")["status"] == "ok"
        assert _answer(core, "relationships", {"indicator": value, "relationship": "comments"})["status"] == "ok"
    before = len(server.all_requests)
    again = _answer(core, action, params)["error"]
    assert (again["code"], again["details"]["licence"]) == ("forbidden", licence)
    assert len(server.all_requests) == before, "a refusal is remembered for this kind of call"


def test_a_refused_path_of_vt_get_does_not_refuse_other_paths(core: Core) -> None:
    assert _answer(core, "vt_get", {"path": "threat_lists/malicious-network/latest"})["error"]["code"] == "forbidden"
    assert _answer(core, "vt_get", {"path": f"files/{EICAR}"})["status"] == "ok"
    assert _answer(core, "lookup", {"value": EICAR})["status"] == "ok"
