"""The options of a request."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ..light_typing import Any, Literal, NamedTuple
from ..verdict.rule import Rules, VerdictBy, engine_names

DEFAULT_MAX_WAIT_S = 20.0
CacheMode = Literal["default", "refresh", "only", "off"]


class Options(NamedTuple):
    """`max_age_s` None: the lifetime of the settings. Times in seconds.

    `thresholds` empty, and None for `trusted_engines`, `ignored_engines` and `verdict_by`: those of the settings.
    `thresholds` as in `Rules.with_thresholds`; engines as `engine_names` returns them.
    """

    cache: CacheMode = "default"
    max_age_s: float | None = None
    max_wait_s: float = DEFAULT_MAX_WAIT_S
    include: frozenset[str] = frozenset()
    thresholds: Mapping[str, Any] = MappingProxyType({})
    trusted_engines: frozenset[str] | None = None
    ignored_engines: frozenset[str] | None = None
    verdict_by: VerdictBy | None = None

    def judged_by(self, defaults: Rules) -> Rules:
        """The settings' rules, replaced by those of this request."""
        rules = defaults.with_thresholds(self.thresholds) if self.thresholds else defaults
        if self.trusted_engines is not None:
            rules = rules._replace(trusted=self.trusted_engines)
        if self.ignored_engines is not None:
            rules = rules._replace(ignored=self.ignored_engines)
        if self.verdict_by is not None:
            rules = rules._replace(verdict_by=self.verdict_by)
        return rules


OPTIONS = frozenset(Options._fields)


def without_nulls(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values that are not null. Many platforms write null for an empty field."""
    return {name: value for name, value in values.items() if value is not None}


def options_from(given: dict[str, Any]) -> Options:
    return Options(
        cache=given.get("cache", "default"),
        max_age_s=given.get("max_age_s"),
        max_wait_s=given.get("max_wait_s", DEFAULT_MAX_WAIT_S),
        include=frozenset(given.get("include", ())),
        thresholds=_thresholds(given.get("thresholds", {})),
        trusted_engines=_engines(given.get("trusted_engines")),
        ignored_engines=_engines(given.get("ignored_engines")),
        verdict_by=given.get("verdict_by"),
    )


def _thresholds(given: Mapping[str, Any]) -> dict[str, Any]:
    plain = {name: without_nulls(value) if isinstance(value, dict) else value for name, value in given.items()}
    return {name: value for name, value in plain.items() if value not in (None, {})}


def _engines(given: list[str] | None) -> frozenset[str] | None:
    return None if given is None else engine_names(given)
