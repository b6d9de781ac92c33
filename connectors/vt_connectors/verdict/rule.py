"""The only rule for verdicts. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from ..light_typing import Any, Literal, NamedTuple

Verdict = Literal["malicious", "suspicious", "undetected", "unknown"]
VerdictBy = Literal["engines", "gti", "worst"]
VERDICT_BY: tuple[VerdictBy, ...] = ("engines", "gti", "worst")
DecidedBy = Literal["engines", "gti"]
WORST_FIRST: tuple[Verdict, ...] = ("malicious", "suspicious", "undetected", "unknown")
WORDS = ("malicious", "suspicious")  # the verdicts with thresholds
# The part of a report that only the rule needs, as `opinions.py` makes it.
OPINIONS = "opinions"
Opinions = Mapping[str, Any]
CLEAN = ("harmless", "undetected")
BETWEEN = "|"
_MOST_SHOWN = 100
GTI = "gti"
# Google Threat Intelligence's verdicts as ours. Its "unknown" is no verdict.
_OF_GTI: Mapping[str, Verdict] = {
    "malicious": "malicious",
    "suspicious": "suspicious",
    "undetected": "undetected",
    "benign": "undetected",
}


class Thresholds(NamedTuple):
    """The numbers of engines for a verdict: `malicious` counts results malicious, `suspicious` also suspicious ones."""

    malicious: int = 3
    suspicious: int = 1


class Rules(NamedTuple):
    """How a caller judges.

    `by_kind`: thresholds for one kind of indicator, as `("url.malicious", 1)`. `trusted`: one of these engines that
    says malicious is enough for this verdict. `ignored`: engines that do not count. Both in lower case.

    `verdict_by`: `gti` is Google Threat Intelligence's verdict, or the engines' where it has none. `worst` is the worse
    of both.
    """

    thresholds: Thresholds = Thresholds()
    by_kind: tuple[tuple[str, int], ...] = ()
    trusted: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()
    verdict_by: VerdictBy = "engines"

    @property
    def need_names(self) -> bool:
        """Whether the verdict depends on which engines say what."""
        return bool(self.trusted or self.ignored)

    def thresholds_for(self, kind: str | None) -> Thresholds:
        if not self.by_kind:
            return self.thresholds
        own = dict(self.by_kind)
        malicious, suspicious = self.thresholds
        return Thresholds(own.get(f"{kind}.malicious", malicious), own.get(f"{kind}.suspicious", suspicious))

    def with_thresholds(self, given: Mapping[str, Any]) -> Rules:
        """With the thresholds of a request, `{"malicious": 3, "url": {"malicious": 1}}`.

        They replace all earlier ones for the same verdict; those for a kind replace those for all kinds.
        """
        general = {name: number for name, number in given.items() if not isinstance(number, Mapping)}
        own = {name: number for name, number in self.by_kind if name.partition(".")[2] not in general}
        for kind, numbers in given.items():
            if isinstance(numbers, Mapping):
                own.update((f"{kind}.{name}", number) for name, number in numbers.items() if number is not None)
        return self._replace(thresholds=self.thresholds._replace(**general), by_kind=tuple(own.items()))


class Judgement(NamedTuple):
    """`stats` and `detected_by` without ignored engines. `detected_by` is None if the report does not have it."""

    verdict: Verdict
    decided_by: DecidedBy
    stats: Mapping[str, int] | None
    detected_by: list[dict[str, str | None]] | None


def engine_names(names: Iterable[str]) -> frozenset[str]:
    """In the form that rules have them."""
    return frozenset(name.strip().casefold() for name in names if name.strip())


def judged(report: Mapping[str, Any], rules: Rules) -> Judgement:
    """The judgement on a report of `verdict.report`."""
    stats, opinions = report.get("stats"), report.get(OPINIONS, {})
    if stats and rules.ignored:
        stats = stats_without(stats, opinions, rules.ignored)
    verdict = judge(stats, rules.thresholds_for(report.get("type")))
    if rules.trusted and is_detected_by(opinions, rules.trusted - rules.ignored):
        verdict = "malicious"
    decided_by: DecidedBy = "engines"
    if rules.verdict_by != "engines":
        verdict, decided_by = _with_gti(verdict, report.get(GTI), rules.verdict_by)
    engines = detected_by(opinions, rules.ignored) if names_detections(report) else None
    return Judgement(verdict, decided_by, stats, engines)


def _with_gti(verdict: Verdict, gti: Mapping[str, Any] | None, verdict_by: VerdictBy) -> tuple[Verdict, DecidedBy]:
    """`verdict` is the engines'. `gti`: the report's part; None or empty without an assessment."""
    other = _OF_GTI.get(gti.get("verdict", "")) if gti else None
    if other is None:
        return verdict, "engines"
    is_worse = WORST_FIRST.index(other) < WORST_FIRST.index(verdict)
    return (other, "gti") if verdict_by == "gti" or is_worse else (verdict, "engines")


def names_detections(report: Mapping[str, Any]) -> bool:
    """Whether it is known which engines detect the object. Reports that were cached by earlier versions lack it."""
    stats = report.get("stats")
    return OPINIONS in report or not stats or not detections(stats)


def judge(stats: Mapping[str, int] | None, thresholds: Thresholds) -> Verdict:
    """The verdict for the `stats` of a report, with `total`. None or all zero: no engine has scanned it."""
    if not stats or stats["total"] == 0:
        return "unknown"
    if stats["malicious"] >= thresholds.malicious:
        return "malicious"
    if detections(stats) >= thresholds.suspicious:
        return "suspicious"
    return "undetected"


def detections(stats: Mapping[str, int]) -> int:
    """The number of engines with the result malicious or suspicious."""
    return stats["malicious"] + stats["suspicious"]


def stats_without(stats: Mapping[str, int], opinions: Opinions, ignored: Collection[str]) -> Mapping[str, int]:
    """`stats` without the opinions of the engines in `ignored` (names in lower case)."""
    if not ignored:
        return stats
    left = {}
    for category in (*WORDS, *CLEAN):
        names = opinions.get(category, ())
        engines = names.split(BETWEEN) if isinstance(names, str) else names
        left[category] = max(0, stats[category] - sum(name.casefold() in ignored for name in engines))
    return {**left, "total": sum(left.values())}


def detected_by(opinions: Opinions, ignored: Collection[str] = ()) -> list[dict[str, str | None]]:
    """The engines that say malicious or suspicious, except those in `ignored`, by name."""
    names = opinions.get("malicious")
    if "suspicious" in opinions:
        # Each alone is in order already.
        names = dict(sorted({**opinions["suspicious"], **(names or {})}.items()))
    if not names:
        return []
    if ignored:
        names = {engine: result for engine, result in names.items() if engine.casefold() not in ignored}
    return [{"engine": engine, "result": result} for engine, result in names.items()][:_MOST_SHOWN]


def is_detected_by(opinions: Opinions, engines: Collection[str]) -> bool:
    """Whether one of `engines` (names in lower case) says malicious."""
    return bool(engines) and any(name.casefold() in engines for name in opinions.get("malicious", ()))
