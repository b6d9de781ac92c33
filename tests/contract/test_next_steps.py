"""What to do after an error."""

from __future__ import annotations

import json
import re

import pytest

from tests.vtaction_process import RunnerProcess
from vt_connectors.actions.manifest import manifest
from vt_connectors.contract.next_steps import NEXT_STEPS, next_steps
from vt_connectors.errors import BY_CODE


def test_every_code_has_steps_and_the_manifest_has_all_of_them() -> None:
    assert set(NEXT_STEPS) == set(BY_CODE)
    for entry in manifest()["errors"]:
        assert len(entry["next_steps"]) == len(NEXT_STEPS[entry["code"]]) > 0
        assert all(step.endswith(".") for step in entry["next_steps"])


@pytest.mark.parametrize("code", BY_CODE)
@pytest.mark.parametrize("source", ["local", "upstream"])
def test_every_error_has_a_step(code: str, source: str) -> None:
    error = BY_CODE[code]("x", details={"source": source}).to_dict()
    assert next_steps(error)


def test_a_refusal_of_our_own_has_other_steps_than_one_of_virustotal() -> None:
    local, upstream = (
        next_steps(BY_CODE["rate_limited"]("x", details={"source": source, "queued": True}).to_dict())
        for source in ("local", "upstream")
    )
    assert set(local).isdisjoint(upstream)
    assert "vtaction drain" in " ".join(local)
    assert "--usage-days" in " ".join(upstream)


def test_a_refusal_without_a_licence_names_where_licences_are() -> None:
    assert "docs/relationships.md" in " ".join(next_steps(BY_CODE["forbidden"]("x").to_dict()))


@pytest.mark.parametrize("code", BY_CODE)
@pytest.mark.parametrize("source", ["local", "upstream"])
def test_who_typed_the_command_is_told_of_options_and_not_of_fields_in_json(code: str, source: str) -> None:
    steps = " ".join(next_steps(BY_CODE[code]("x", details={"source": source}).to_dict(), typed=True))
    assert steps
    assert not re.search(r"details[.]|_s\b|/params|: true", steps)


@pytest.mark.parametrize("details", [{}, {"queued": False}])
def test_drain_is_advised_only_for_what_was_queued(details: dict[str, bool]) -> None:
    for typed in (False, True):
        error = BY_CODE["rate_limited"]("x", details={"source": "local", **details}).to_dict()
        assert "drain" not in " ".join(next_steps(error, typed=typed))
        queued = BY_CODE["rate_limited"]("x", details={"source": "local", "queued": True}).to_dict()
        assert "vtaction drain" in " ".join(next_steps(queued, typed=typed))


@pytest.mark.parametrize(
    ("action", "params", "advised"),
    [
        ("lookup", {"value": "a.notatld"}, True),
        ("relationships", {"indicator": "a.notatld", "relationship": "subdomains"}, True),
        ("lookup", {"value": "a.notatld/path"}, False),
        ("lookup", {"value": "zzz"}, False),
        ("lookup", {"value": "a\x1b.example"}, False),
        ("lookup", {"value": "a\ud800.example"}, False),
        ("lookup_hash", {"hash": "a.notatld"}, False),
        ("lookup_ip", {"ip": "a.notatld"}, False),
        ("lookup_domain", {"domain": "zzz"}, False),
        ("lookup_url", {"url": "https://"}, False),
        ("relationships", {"indicator": "8.8.8.8", "relationship": "foo"}, False),
    ],
)
def test_a_type_is_advised_only_for_what_looks_like_a_domain(
    run: RunnerProcess, action: str, params: dict[str, str], advised: bool
) -> None:
    done = run.text("run", stdin=json.dumps({"action": action, "params": params}) + "\n")
    error = json.loads(done.stdout)["error"]
    assert error["code"] == "invalid_indicator"
    for typed in (False, True):
        assert ("top-level domain" in " ".join(next_steps(error, typed=typed))) is advised
