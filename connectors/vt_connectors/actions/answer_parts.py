"""The parts of an answer that not every caller needs, those that depend on the API key, and how they are cached.

VirusTotal's object contains attributes that the key's licence adds, such as `gti_assessment` and `threat_severity`, and
nothing marks them. So `raw`, `context` and `gti` belong to the key: they are cached under a hash of the key, and only
that key can read them. All other parts are the same for every key, and shared.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ..cache import Entry, any_entry
from ..light_typing import TYPE_CHECKING, Any, Callable
from ..verdict.rule import GTI, OPINIONS, judged, names_detections

if TYPE_CHECKING:
    from ..api_key import ApiKey
    from ..contract.documents import Options, Request
    from ..indicators import Kind
    from ..verdict import Rules
    from .context import Context

PARTS = frozenset(("context", "gti", "raw"))

WillDo = Callable[[Entry], bool]
Find = Callable[[str, WillDo], "Entry | None"]
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
    return _only_shown(dict(report), options)


def _only_shown(data: dict[str, Any], options: Options) -> dict[str, Any]:
    for name in _NOT_ALWAYS:
        if name in data and name not in options.include:
            del data[name]
    if GTI in data and not data[GTI]:
        del data[GTI]
    return data


def judged_data(report: Mapping[str, Any], rules: Rules, options: Options) -> dict[str, Any]:
    """The data of an answer: the fields of `report` that are shown, and the verdict. `rules`: those of the settings."""
    rules = options.judged_by(rules)
    verdict, decided_by, stats, engines = judged(report, rules)
    if rules.need_names and report.get(OPINIONS):
        from .engine_spelling import warn_of_misspelt

        warn_of_misspelt(rules, options, report[OPINIONS])
    head = {name: report[name] for name in _HEAD if name in report}
    data = _only_shown({**head, "verdict": verdict, "verdict_by": decided_by, **report}, options)
    if stats is not None:
        data["stats"] = stats
    if engines is not None:
        data["detected_by"] = engines
    return data


class CachedAnswer:
    """One query's answer in the cache. `key`: the cache key of the shared part. `api_key`: the caller's API key; None
    means the configured one. `is_per_key`: the whole answer belongs to the API key, and so does `key`: there is no
    shared part.

    The key's own part is valid as long as the shared part is cached and not newer.
    """

    def __init__(self, context: Context, key: str, api_key: ApiKey | None, *, is_per_key: bool = False) -> None:
        self._context = context
        self._key = key
        self._api_key = api_key
        self._is_per_key = is_per_key

    def find(self, find: Find, parts: Collection[str], will_do: WillDo, *, is_new: bool) -> Entry | None:
        """The answer with `parts` that `will_do` accepts, or None. `find`: the method of the cache to use.

        `is_new`: only answers fetched just now are accepted, so an answer that another key got a moment later does not
        outdate them.
        """
        if self._is_per_key or PARTS.isdisjoint(parts):
            return find(self._key, will_do)
        shared = find(self._key, any_entry)
        if shared is None:
            return None
        if will_do(shared.without(PARTS)):
            return shared.without(PARTS)
        since, own = 0.0 if is_new else shared.fetched_at, self._own()
        return find(own, lambda entry: entry.fetched_at >= since and will_do(entry)) if own else None

    def fetched_at(self) -> frozenset[float]:
        """When the cached parts were fetched (epoch seconds): the shared part and the key's own part."""
        names = [self._key, None if self._is_per_key else self._own()]
        found = [self._context.cache.peek_shared(name, any_entry) for name in names if name is not None]
        return frozenset(entry.fetched_at for entry in found if entry is not None)

    def put(self, entry: Entry, stays: WillDo) -> bool:
        """Store the answer. Returns whether all processes can find it. A shared part that `stays` is not replaced."""
        shared = entry.without(PARTS)
        if shared is entry or self._is_per_key:
            return self._context.cache.put(self._key, entry)
        own, cache = self._own(), self._context.cache
        there = cache.peek_shared(self._key, lambda cached: stays(cached) and _same_analysis(cached, entry))
        is_shared = there is not None or cache.put(self._key, shared)
        return own is not None and cache.put(own, entry) and is_shared

    def _own(self) -> str | None:
        owner = self._context.owner(self._api_key)
        return own_key(self._key, owner) if owner else None


def is_without_key(context: Context, parts: Collection[str]) -> bool:
    """Whether `parts` depend on the API key, and this process has none: then the cache may have them unseen."""
    return not PARTS.isdisjoint(parts) and context.owner(None) is None


def own_key(key: str, owner: str) -> str:
    """The cache key of the owner's part of the answer with the cache key `key`."""
    return f"key-{owner}:{key}"


def find_many(keys: Collection[str], context: Context, parts: Collection[str], will_do: WillDo) -> dict[str, Entry]:
    """Like `CachedAnswer.find` for many answers, with the configured API key."""
    if PARTS.isdisjoint(parts):
        return context.cache.find_many(keys, will_do)
    shared = {key: entry.without(PARTS) for key, entry in context.cache.find_many(keys, any_entry).items()}
    found = {key: entry for key, entry in shared.items() if will_do(entry)}
    owner = context.owner(None) if len(found) < len(shared) else None
    if owner is None:
        return found
    own = {own_key(key, owner): key for key in shared if key not in found}
    for name, entry in context.cache.find_many(own, will_do).items():
        if entry.fetched_at >= shared[own[name]].fetched_at:
            found[own[name]] = entry
    return found


def _same_analysis(cached: Entry, entry: Entry) -> bool:
    return bool(cached.report.get("last_analysis") == entry.report.get("last_analysis"))
