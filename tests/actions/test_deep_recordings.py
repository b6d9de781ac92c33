"""Every recorded or documented answer beyond lookups goes, over HTTP, through the action that would meet it.

It runs on one Python: how an answer is translated does not depend on it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.fake_clock import FakeClock
from tests.results import wrong_with
from tests.scripted_server import ScriptedServer, answer
from tests.verdict.recordings import SAMPLES
from tests.virustotal.house import core_at

from .deep_meetings import Meeting, meeting

DEPTH = SAMPLES.parent / "samples-depth"
KEY = "testapikey"

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(not DEPTH.is_dir(), reason=f"no recorded answers at {DEPTH}"),
]
RECORDINGS = sorted(path for path in DEPTH.glob("*/*.json")) if DEPTH.is_dir() else []
MET = [path for path in RECORDINGS if meeting(path).action is not None]


def name_of(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def replayed(path: Path, met: Meeting) -> Mapping[str, Any]:
    """The answer of the action if VirusTotal returns the recording for its last request."""
    document = json.loads(path.read_text("utf-8"))
    with ScriptedServer() as server:
        steps = [answer(status, json.dumps(body).encode(), _JSON) for status, body in met.before]
        body = json.dumps(met.sent(document)).encode()
        server.script(*steps, answer(met.status, body, _JSON))
        core = core_at(server.url, FakeClock())
        request = {"action": met.action, "params": met.params, "options": {"include": ["raw"]}}
        return core.answer({**request, "auth": {"api_key": KEY}})


_JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize("path", MET, ids=name_of)
def test_every_recording_is_met_by_an_action_and_answered_in_its_form(path: Path) -> None:
    met = meeting(path)
    found: Any = replayed(path, met)
    outcome = found["error"]["code"] if found["error"] else found["status"]
    assert outcome == met.outcome, found["summary"]
    assert wrong_with(found) is None
    assert KEY not in json.dumps(found)
    for where, value in met.has.items():
        assert _at(found["data"], where) == value, where


def _at(data: Any, where: str) -> Any:
    for step in where.split("."):
        data = len(data) if step == "#" else data[int(step)] if isinstance(data, list) else data[step]
    return data


def test_the_table_names_no_recording_that_does_not_exist() -> None:
    from .deep_meetings import TABLE

    assert set(TABLE) <= {name_of(path) for path in RECORDINGS}
