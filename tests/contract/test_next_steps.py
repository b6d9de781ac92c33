"""What to do after an error."""

from __future__ import annotations

import re

import pytest

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
        next_steps(BY_CODE["rate_limited"]("x", details={"source": source}).to_dict())
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
