"""`| vtreport`: VirusTotal's report on one indicator, without events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from .. import result_fields as columns
from ..options import SearchOptions, UsageError, boolean, read_options
from ..sdk_import import Configuration
from .base import Generating, Row

if TYPE_CHECKING:
    from vt_connectors.contract.documents import Options
    from vt_connectors.contract.response import Response

TYPES = ("hash", "url", "domain", "ip")
_AS_FOR_VTLOOKUP = ("prefix", "max_age", "wait", "raw", "verdict_by", "context")
INDICATOR = "indicator"
ENGINE_NAMES = ("engine", "engine_category", "engine_result")
# Engines with a detection come first.
_CATEGORIES = ("malicious", "suspicious", "harmless", "undetected")


@Configuration(type="reporting")
class VtReport(Generating):
    """One row; with `engines=true`, one row for each engine."""

    OPTIONS = ("value", "type", "engines", "refresh", "confirm", *_AS_FOR_VTLOOKUP)

    _value: str
    _options: SearchOptions
    _engines: bool

    def read_options(self, given: Mapping[str, str]) -> None:
        self._value = given.get("value", "")
        if not self._value.strip():
            raise UsageError("value= must be a hash, URL, domain or address")
        kind = given.get("type", "ioc").strip().lower()
        if "type" in given and kind not in TYPES:
            raise UsageError(f"type={given['type']!r}: one of {', '.join(TYPES)}, or leave it out")
        refresh = boolean("refresh", given.get("refresh"))
        self._engines = boolean("engines", given.get("engines"))
        others = {name: given.get(name) for name in _AS_FOR_VTLOOKUP}
        self._options = read_options({kind: INDICATOR, "cache": "refresh" if refresh else None, **others})

    def rows(self) -> Iterator[Row]:
        from vt_connectors.indicators import shown_without_credentials

        confirmation = self.confirmation()
        response, message = self._ask(confirmation is None or confirmation.is_given())
        self.warn(message)
        found = {INDICATOR: shown_without_credentials(self._value), **self._prefixed(columns.of_response(response))}
        if confirmation is not None:
            found[f"{self._options.prefix}confirm"] = confirmation.code()
        if not self._engines:
            yield found
            return
        engines = ((response["data"] or {}).get("engines") or {}).items()
        for name, told in sorted(engines, key=_objecting_first) or [("", {})]:
            told = {"engine": name, "engine_category": told.get("category"), "engine_result": told.get("result")}
            yield {**found, **{self._options.prefix + field: told[field] or "" for field in ENGINE_NAMES}}

    def _prefixed(self, found: columns.Columns) -> Row:
        return {self._options.prefix + name: found.get(name, "") for name in self._options.names}

    def _ask(self, may_send: bool) -> tuple[Response, str | None]:
        from ..search_summary import SearchSummary
        from .core_access import Asking

        asking, tally = Asking(self), SearchSummary(self._options.noun)
        kind: Any = self._options.kind
        response = asking.look_up(kind, self._value, self._how(may_send, self._engines))
        if not may_send and self._engines and response["status"] == "skipped":
            # The cached answer of a search has no engines, and is better than none.
            response = asking.look_up(kind, self._value, self._how(may_send, False))
        tally.answered(response)
        found, waited_s = columns.of_response(response), response["meta"]["waited_s"]
        pending, queued = int(found["status"] == "pending"), int(found["queued"] == "true")
        self.note(distinct=1, **tally.figures(), pending=pending, queued=queued, waited_s=waited_s)
        told = tally.message()
        return response, "; ".join(text for text in (told, asking.warnings) if text) or None

    def _how(self, may_send: bool, engines: bool) -> Options:
        from vt_connectors.contract.documents import Options

        include = self._options.parts | ({"engines"} if engines else set())
        mode: Any = self._options.cache if may_send else "only"
        by: Any = self._options.verdict_by
        return Options(mode, self._options.max_age_s, self._options.wait_s, include, verdict_by=by)


def _objecting_first(engine: tuple[str, Mapping[str, Any]]) -> tuple[int, str]:
    name, told = engine
    category = told.get("category")
    rank = _CATEGORIES.index(category) if category in _CATEGORIES else len(_CATEGORIES)
    return rank, name.lower()
