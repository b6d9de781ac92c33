"""The parts of an answer that not every caller needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..verdict.rule import OPINIONS, judged, names_detections

if TYPE_CHECKING:
    from ..cache import Entry
    from ..contract.documents import Options
    from ..verdict import Rules
    from .context import Context

# Shown if they are requested.
_ON_REQUEST = frozenset(("engines", "raw"))
# Never shown: the verdict and `detected_by` are made from them.
_INTERNAL = frozenset((OPINIONS,))
_NOT_ALWAYS = (*_ON_REQUEST, *_INTERNAL)
# These come before the verdict.
_HEAD = ("type", "indicator", "id")


def needed_parts(context: Context, options: Options) -> frozenset[str]:
    """The parts of a report that an answer with these options needs."""
    needed = options.include & _ON_REQUEST
    return needed | _INTERNAL if options.judged_by(context.rules).need_names else needed


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
    return data


def judged_data(report: Mapping[str, Any], rules: Rules, options: Options) -> dict[str, Any]:
    """The data of an answer: the fields of `report` that are shown, and the verdict. `rules`: those of the settings."""
    verdict, stats, engines = judged(report, options.judged_by(rules))
    data = shown({**{name: report[name] for name in _HEAD if name in report}, "verdict": verdict, **report}, options)
    if stats is not None:
        data["stats"] = stats
    if engines is not None:
        data["detected_by"] = engines
    return data
