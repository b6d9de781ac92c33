"""Responses to a request, all of which echo the key."""

from __future__ import annotations

from bench.soak.drill import KEY
from tests.scripted_server import Step, answer, json_answer
from tests.virustotal.faults import FAULTS

_STATUSES = (200, 302, 400, 401, 403, 404, 409, 413, 429, 500, 502, 503)


def _echo(status: int) -> Step:
    error = {"error": {"code": KEY, "message": f"Wrong API key: {KEY}", KEY: KEY}, KEY: KEY}
    return json_answer(status, error, {"X-Echo": KEY, "Location": f"/{KEY}", "Retry-After": KEY})


STEPS: dict[str, Step] = {
    **{name: fault.step for name, fault in FAULTS.items()},
    **{f"{status} with the key": _echo(status) for status in _STATUSES},
    "the key and nothing else": answer(200, KEY.encode(), {"Content-Type": KEY}),
    "the key as an encoding": answer(200, KEY.encode(), {"Content-Encoding": KEY, "Transfer-Encoding": KEY}),
}
