"""Checks reports on handwritten and recorded objects against the contract's `data`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vt_connectors.actions.answer_parts import judged_data
from vt_connectors.contract.documents import Options
from vt_connectors.contract.validation import violation
from vt_connectors.indicators import Indicator, Kind
from vt_connectors.verdict import Rules, report_of

KINDS: dict[str, Kind] = {"file": "hash", "url": "url", "domain": "domain", "ip_address": "ip"}


def response_with(data: Mapping[str, Any]) -> dict[str, Any]:
    """A response that is valid if `data` is."""
    meta: dict[str, Any] = {"source": "api", "fetched_at": None, "age_s": None, "requests": 1, "waited_s": 0.0}
    meta |= {"quota": {}, "duration_ms": 1, "version": "1.0.0"}
    head = {"v": 1, "id": None, "action": "lookup_hash", "status": "ok", "summary": "", "error": None}
    return {**head, "data": data, "meta": meta}


def held_report(vt_object: Mapping[str, Any], kind: Kind) -> dict[str, Any]:
    """The report with its verdict, after a check against the contract."""
    report = report_of(vt_object, Indicator(kind, "what was asked"), ("raw", "engines"))
    data = judged_data(report, Rules(), Options(include=frozenset(("raw", "engines"))))
    assert violation("response.json", response_with(data)) is None
    return data
