"""`python -m bench.soak.guided <target> -runs=1000`: atheris searches for inputs that reach new code and fail."""

from __future__ import annotations

import logging
import sys
import zlib
from collections.abc import Mapping
from typing import Any, Callable

import atheris

with atheris.instrument_imports(include=["vt_connectors", "vtlookup_app"], enable_loader_override=False):
    from bench.soak.inputs_harness import Harness, broken
    from tests.fake_clock import FakeClock
    from tests.splunk import test_both_ways as ways
    from vt_connectors.adapters.runner.json_lines import DocumentReader
    from vt_connectors.contract.documents import Options
    from vt_connectors.errors import InvalidIndicator
    from vt_connectors.indicators import parse_as
    from vt_connectors.virustotal.http.transport import HttpRequest, HttpResponse
    from vtlookup_app.chunks.reply import AddedFields

_LOOKUPS = {"hash": "ab" * 32, "url": "http://example.com/", "domain": "example.com", "ip": "8.8.8.8"}


class Saying:
    """A fake VirusTotal with the same response to all requests."""

    def __init__(self, status: int, body: bytes) -> None:
        self._answer = HttpResponse(status, {"content-type": "application/json"}, body)

    def send(self, request: HttpRequest) -> HttpResponse:
        return self._answer


def _house(status: int, body: bytes, version: str = "3") -> Harness:
    return Harness("https://vt.example", FakeClock(), version, Saying(status, body))


def indicators(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    for kind in _LOOKUPS:
        try:
            indicator = parse_as(kind, text)  # type: ignore[arg-type]  # the keys are kinds
        except InvalidIndicator:
            continue
        assert parse_as(indicator.kind, indicator.value) == indicator
    _sound(_house(404, b"{}").core.look_up(None, text, Options()))


def lines(data: bytes) -> None:
    house = _house(404, b'{"error": {"code": "NotFoundError"}}')
    reader = DocumentReader()
    for document in [*reader.feed(data), *reader.end()]:
        if document.error is None:
            _sound(house.ask(document.value))


def answers(data: bytes) -> None:
    """A response to one of the lookups, always the same one for the same data."""
    number = zlib.crc32(data)
    kind, value = list(_LOOKUPS.items())[number % 4]
    house = _house(200, data, "32"[number // 4 % 2])
    _sound(house.ask({"action": f"lookup_{kind}", "params": {kind: value}, "options": {"include": ["raw", "engines"]}}))


def chunks(data: bytes) -> None:
    made = ways.command("vt_", False)
    reply = AddedFields(made._search).reply(
        ways.body_of(data), lambda values: made._enrich(values, preview=False), final=True
    )
    assert b"".join(reply.parts).decode() == ways.by_text(made, data.decode("utf-8", "replace"))


def _sound(response: Mapping[str, Any]) -> None:
    losses = list(broken(response))
    assert not losses, losses


TARGETS: dict[str, Callable[[bytes], None]] = {
    "indicators": indicators,
    "lines": lines,
    "answers": answers,
    "chunks": chunks,
}


if __name__ == "__main__":
    logging.getLogger("vt_connectors").setLevel(logging.ERROR)
    atheris.Setup([sys.argv[0], *sys.argv[2:]], TARGETS[sys.argv[1]])
    atheris.Fuzz()
