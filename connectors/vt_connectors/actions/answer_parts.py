"""The parts of an answer that not every caller needs."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ..light_typing import TYPE_CHECKING, Any
from ..verdict.rule import GTI, OPINIONS, judged, names_detections

if TYPE_CHECKING:
    from ..api_key import ApiKey
    from ..cache import Entry
    from ..contract.documents import Options, Request
    from ..indicators import Kind
    from ..verdict import Rules
    from .context import Context

# Shown if they are requested.
_ON_REQUEST = frozenset(("context", "engines", "raw"))
# Never shown: the verdict and `detected_by` are made from them.
_INTERNAL = frozenset((OPINIONS,))
# Of licensed keys; empty if they got none.
_LICENSED = frozenset((GTI,))
_NOT_ALWAYS = (*_ON_REQUEST, *_INTERNAL)
# These come before the verdict.
_HEAD = ("type", "indicator", "id")


def needed_parts(context: Context, options: Options, api_key: ApiKey | None = None) -> frozenset[str]:
    """The parts of a report that an answer with these options needs. `api_key`: the request's own."""
    needed, rules = options.include & _ON_REQUEST, options.judged_by(context.rules)
    if rules.need_names:
        needed |= _INTERNAL
    is_only, is_licensed = options.cache == "only", context.licensed_keys.has(api_key)
    if is_only:
        # What the cache has for all keys is better than nothing, unless the key may have more.
        return needed | _LICENSED if is_licensed and context.owner(api_key) is not None else needed
    return needed | _LICENSED if is_licensed or rules.verdict_by != "engines" else needed


def own_parts(
    vt_object: Mapping[str, Any], kind: Kind, needed: Collection[str], context: Context, request: Request
) -> dict[str, Any]:
    """The parts of a report that depend on the key, but for `raw`, of an object that VirusTotal just gave.

    `needed` parts that it does not have are empty, so that the answer shows that the key was asked.
    """
    parts: dict[str, Any] = {}
    if "context" in needed:
        from ..virustotal.object_context import context_of

        parts["context"] = context_of(kind, vt_object)
    attributes = vt_object.get("attributes")
    found = None
    if isinstance(attributes, dict) and "gti_assessment" in attributes:
        from ..virustotal.gti_assessment import assessment_of

        found = assessment_of(attributes)
    if found is not None and request.options.cache != "off":
        context.licensed_keys.note(request.api_key)
    if found is not None or GTI in needed:
        parts[GTI] = found or {}
    return parts


def raw_if_requested(options: Options) -> frozenset[str]:
    """The parts of answers that are not reports."""
    return options.include & frozenset(("raw",))


def has_detections(entry: Entry, options: Options) -> bool:
    """Whether it is known which engines detect the object.

    Without that, an answer is used only if no request may be sent: an incomplete one is better than none then.
    """
    return options.cache == "only" or entry.status != "ok" or names_detections(entry.report)


def shown(report: Mapping[str, Any], options: Options) -> dict[str, Any]:
    """The report without the parts that are internal or were not requested, as the caller's own."""
    data = dict(report)
    for name in _NOT_ALWAYS:
        if name in data and name not in options.include:
            del data[name]
    if GTI in data and not data[GTI]:
        del data[GTI]
    return data


def judged_data(report: Mapping[str, Any], rules: Rules, options: Options) -> dict[str, Any]:
    """The data of an answer: the fields of `report` that are shown, and the verdict. `rules`: those of the settings."""
    verdict, decided_by, stats, engines = judged(report, options.judged_by(rules))
    head = {name: report[name] for name in _HEAD if name in report}
    data = shown({**head, "verdict": verdict, "verdict_by": decided_by, **report}, options)
    if stats is not None:
        data["stats"] = stats
    if engines is not None:
        data["detected_by"] = engines
    return data
