"""What Splunk SOAR's codec makes of each outcome, and of the platform's parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pytest

from vt_connectors.actions.manifest import manifest
from vt_connectors.adapters.soar import outcome
from vt_connectors.adapters.soar.splunk_soar import LISTS, OBJECTS, Result, Run, SplunkSoar

from .codec_contract import CodecContract
from .outcomes import EICAR, Case, cases


class TestSplunkSoar(CodecContract):
    PLATFORM: ClassVar[str] = "Splunk SOAR"
    MEANS: ClassVar[Mapping[str, str]] = {
        outcome.FOUND: "success, `ok`",
        outcome.UNKNOWN: "success, `not_found`",
        outcome.PENDING: "success, `pending`",
        outcome.SKIPPED: "success, `skipped`",
        outcome.OUT_OF_QUOTA: "failure, `rate_limited`, retryable",
        outcome.UNREACHABLE: "failure, `timeout`, retryable",
        outcome.REFUSED: "failure, `access_denied`",
        outcome.INVALID: "failure, `invalid_indicator`",
        outcome.FAILED: "failure, `internal`",
    }

    @property
    def codec(self) -> SplunkSoar:
        return SplunkSoar()

    def given(self, cases: Sequence[Case]) -> Run:
        [case] = cases
        return Run("lookup", {"value": case.value, "type": case.kind, "relationships": None}, 240.0)

    def means(self, output: Result, case: Case) -> str:
        summary = output.summary
        if output.succeeded:
            assert output.data is not None
            return f"success, `{summary['status']}`"
        assert output.data is None
        return f"failure, `{summary['error_code']}`" + (", retryable" if summary["retryable"] else "")

    def test_a_failure_that_is_temporary_says_when_to_try_again(self) -> None:
        known, unknown = cases()[outcome.OUT_OF_QUOTA], cases()[outcome.UNREACHABLE]
        seconds = self.output(known).summary["retry_after_s"]
        assert self.output(known).message.endswith(f"Try again in {seconds} s.")
        assert self.output(unknown).message.endswith(". Try again later.")

    def test_a_refusal_names_the_asset(self) -> None:
        assert "settings of the asset" in self.output(cases()[outcome.REFUSED]).message

    def test_a_pending_scan_has_its_analysis_in_data_and_summary(self) -> None:
        result = self.output(cases()[outcome.PENDING])
        assert result.data is not None
        assert result.data["analysis_id"] == result.summary["analysis_id"]


def _params(action: str, **params: Any) -> dict[str, Any]:
    [asked] = SplunkSoar().requests(Run(action, params, 240.0))
    return dict(asked["params"])


def test_lists_objects_and_empty_fields_become_what_the_registry_takes() -> None:
    params = _params("lookup_hash", hash=EICAR, relationships=" contacted_ips, ,dropped_files")
    assert params["relationships"] == ["contacted_ips", "dropped_files"]
    assert _params("vt_get", path="a/b", query='{"limit": 3}') == {"path": "a/b", "query": {"limit": 3}}
    assert _params("vt_get", path="a/b", query="limit=3")["query"] == "limit=3"
    assert _params("lookup", value="example.com", type="", relationships=None) == {"value": "example.com"}


def test_the_lists_and_objects_are_the_registrys() -> None:
    kinds: dict[str, set[tuple[str, str]]] = {"array": set(), "object": set()}
    for action in manifest()["actions"]:
        for param, rules in action["params"]["properties"].items():
            for kind in kinds:
                if kind in (rules.get("type") or ()):
                    kinds[kind].add((action["name"], param))
    assert kinds == {"array": set(LISTS), "object": set(OBJECTS)}


@pytest.mark.parametrize("within_s", [240.0, 60.0, 5.0])
def test_waiting_for_quota_and_for_a_scan_fit_into_what_is_left_of_the_run(within_s: float) -> None:
    [asked] = SplunkSoar().requests(Run("scan_url", {"url": "https://example.com/", "wait_s": 240}, within_s))
    assert asked["params"]["wait_s"] + asked["options"]["max_wait_s"] <= within_s
    [asked] = SplunkSoar().requests(Run("scan_url", {"url": "https://example.com/", "wait_s": 1.5}, 240.0))
    assert asked["params"]["wait_s"] == 1.5
