"""The page about the sandbox lists the calls that it serves, and no others."""

from __future__ import annotations

import re
from pathlib import Path

from vt_connectors.sandbox.data.kinds import Kind
from vt_connectors.sandbox.v3.calls import OPEN
from vt_connectors.sandbox.v3.routes import served_calls

PAGE = Path(__file__).resolve().parents[2] / "docs" / "sandbox.md"
_CALL = re.compile(r"`(GET|POST|DELETE) /([^`]+)`")
_NAME = re.compile(r"\{\w+\}")


def documented() -> set[tuple[str, str]]:
    found = set()
    for method, path in _CALL.findall(PAGE.read_text("utf-8")):
        for kind in Kind:
            found.add((method, _NAME.sub(OPEN, path.replace("{collection}", kind.collection))))
    return found


def test_every_call_is_on_the_page() -> None:
    served = {(method, path) for method, path in served_calls() if not path.startswith("_ah/")}
    assert documented() == {(method, path[len("api/v3/") :]) for method, path in served}
