"""What InsightConnect's codec makes of each outcome, and of the platform's input."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import ClassVar

from vt_connectors.adapters.soar import outcome
from vt_connectors.adapters.soar.insightconnect import LONGEST_STEP_S, InsightConnect, StepInput, StepResult

from .codec_contract import CodecContract
from .outcomes import EICAR, Case, cases


class TestInsightConnect(CodecContract):
    PLATFORM: ClassVar[str] = "InsightConnect"
    MEANS: ClassVar[Mapping[str, str]] = {
        outcome.FOUND: "output, `found` true, `ok`",
        outcome.UNKNOWN: "output, `found` false, `not_found`",
        outcome.PENDING: "output, `found` false, `pending`",
        outcome.SKIPPED: "output, `found` false, `skipped`",
        outcome.OUT_OF_QUOTA: "error, `rate_limited`, retryable",
        outcome.UNREACHABLE: "error, `timeout`, retryable",
        outcome.REFUSED: "error, `access_denied`",
        outcome.INVALID: "error, `invalid_indicator`",
        outcome.FAILED: "error, `internal`",
    }

    @property
    def codec(self) -> InsightConnect:
        return InsightConnect()

    def given(self, cases: Sequence[Case]) -> StepInput:
        [case] = cases
        return StepInput("lookup", {"value": case.value, "type": case.kind, "relationships": None})

    def means(self, output: StepResult, case: Case) -> str:
        if output.output is None:
            assert output.cause
            assert output.assistance
            return f"error, `{output.data['code']}`" + (", retryable" if output.data["retryable"] else "")
        return f"output, `found` {json.dumps(output.output['found'])}, `{output.output['status']}`"

    def test_each_failure_has_sentences_and_the_time_to_repeat_if_it_is_known(self) -> None:
        failures = [self.output(cases()[name]) for name in outcome.OUTCOMES if name not in outcome.ANSWERS]
        assert all(text.endswith(".") for failure in failures for text in (failure.cause, failure.assistance))
        out_of_quota = self.output(cases()[outcome.OUT_OF_QUOTA])
        assert out_of_quota.cause.endswith(f"Try again in {out_of_quota.data['retry_after_s']} s.")

    def test_output_has_no_nulls_which_the_platforms_types_forbid(self) -> None:
        assert "null" not in json.dumps(self.output(cases()[outcome.FOUND]).output)


def test_a_file_of_the_platform_becomes_content_and_name() -> None:
    file = {"filename": "a.txt", "content": "aGVsbG8K"}
    [asked] = InsightConnect().requests(StepInput("scan_file", {"file": file, "wait_s": 1, "password": ""}))
    assert asked["params"] == {"content_base64": "aGVsbG8K", "filename": "a.txt", "wait_s": 1}


def test_a_step_that_waits_for_a_scan_ends_in_time() -> None:
    [asked] = InsightConnect().requests(StepInput("scan_url", {"url": "https://example.com/", "wait_s": 3600}))
    assert asked["params"]["wait_s"] + asked["options"]["max_wait_s"] <= LONGEST_STEP_S


def test_a_lookup_is_asked_as_it_is() -> None:
    [asked] = InsightConnect().requests(StepInput("lookup_hash", {"hash": EICAR, "relationships": ["bundled_files"]}))
    assert asked["params"] == {"hash": EICAR, "relationships": ["bundled_files"]}
