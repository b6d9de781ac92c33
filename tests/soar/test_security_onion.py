"""Security Onion: an analyzer's artifact and its output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pytest

from vt_connectors.adapters.soar.exchange import Codec
from vt_connectors.adapters.soar.security_onion import SecurityOnion

from .codec_contract import CodecContract
from .outcomes import Case, cases


class TestSecurityOnion(CodecContract):
    PLATFORM: ClassVar[str] = "Security Onion"
    MEANS: ClassVar[Mapping[str, str]] = {
        "found": "`threat`: malicious 62/68",
        "unknown": "`info`: unknown to VirusTotal",
        "pending": "`info`: scan pending",
        "skipped": "`info`: not sent to VirusTotal",
        "out_of_quota": "`caution`, `error`: rate_limited",
        "unreachable": "`caution`, `error`: timeout",
        "refused": "`caution`, `error`: access_denied",
        "invalid": "`caution`, `error`: invalid_indicator",
        "failed": "`caution`, `error`: internal",
    }

    @property
    def codec(self) -> Codec[Any, Any]:
        return SecurityOnion()

    def given(self, cases: Sequence[Case]) -> Any:
        return {"artifactType": cases[0].kind, "value": cases[0].value}

    def means(self, output: Any, case: Case) -> str:
        assert len(output["summary"]) <= 50
        assert ("error" in output) == output.get("error", output["summary"]).startswith(output["summary"] + ":")
        return f"`{output['status']}`{', `error`' if 'error' in output else ''}: {output['summary']}"


@pytest.mark.parametrize(
    ("verdict", "stats", "status", "summary"),
    [
        ("suspicious", {"suspicious": 1, "total": 9}, "caution", "suspicious 1/9"),
        ("undetected", {"undetected": 9, "total": 9}, "info", "undetected 0/9"),
        ("undetected", {"undetected": 8, "harmless": 1, "total": 9}, "ok", "harmless 0/9"),
        ("unknown", {}, "info", "unknown"),
    ],
)
def test_only_what_engines_call_harmless_is_ok(verdict: str, stats: dict[str, int], status: str, summary: str) -> None:
    case = cases()["found"]
    response = {**case.response, "data": {**case.response["data"], "verdict": verdict, "stats": stats}}
    output = SecurityOnion().output({"artifactType": case.kind, "value": case.value}, [response])
    assert (output["status"], output["summary"]) == (status, summary)
