"""Objects that are related to an indicator: the action `relationships`, and rows of objects for other actions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..clock import iso
from ..contract.documents import Outcome, Request
from ..errors import InvalidIndicator
from ..indicators import Indicator, Kind, parse_as, without_recorded_credentials
from ..verdict import report_of
from ..verdict.rule import OPINIONS, Rules, judged
from ..virustotal import endpoints
from ..virustotal.budget import Budget
from ..virustotal.coerce import epoch, mapping, text
from ..virustotal.port import RowsCall
from ..virustotal.relationship_names import NAMES, licence_of
from ..virustotal.v3 import COLLECTION
from .context import Context
from .relationships import Listing, indicator_of, listed

DEFAULT_LIMIT = 40
KINDS: dict[str, Kind] = {"file": "hash", "url": "url", "domain": "domain", "ip_address": "ip"}
# The fields of a report that a row has. The others are in the object's own lookup.
_OF_REPORT = (
    "id",
    "stats",
    "reputation",
    "label",
    "names",
    "tags",
    "first_seen",
    "last_analysis",
    "link",
    "size",
    OPINIONS,
)
# The results of each engine, which are most of an analysis, and a second form of a comment's text.
_LEFT_OUT = ("results", "html")
_MOST_NAMES = 5
_MOST_TAGS = 20


def relationships(context: Context, request: Request, budget: Budget) -> Outcome:
    """`ok` with `related`, at most `limit` rows; `not_found` and `skipped` as in lookups.

    A row has the object's type, id and indicator. With `full`, it also has the object's verdict and report, or for
    other types than indicators its attributes. Raises `InvalidIndicator`, also for a name that VirusTotal refuses.
    """
    indicator, name = indicator_of(request.params, context.never_query), request.params["relationship"]
    is_full, limit = bool(request.params.get("full")), int(request.params.get("limit", DEFAULT_LIMIT))
    licence = licence_of(indicator.kind, name)
    call = RowsCall(endpoints.RELATED if is_full else endpoints.RELATED_IDS, values_of(indicator, name), limit)
    rules = request.options.judged_by(context.rules)
    listing = Listing(
        "related",
        lambda api: api.rows(call, budget),
        lambda item: row_of(item, indicator),
        limit,
        about={"relationship": name},
        noun=name,
        key=f"{call.endpoint.name}:{name}",
        shown=lambda row: judged_row(row, rules),
        purpose=f"relationships:{indicator.kind}:{name}",
        licence=licence,
        # The attributes of whole objects depend on the key's licence.
        is_per_key=is_full or licence != "free",
    )
    try:
        found = listed(indicator, listing, context, request, budget)
    except InvalidIndicator as error:
        if error.http_status is None or name in NAMES[indicator.kind]:
            raise
        raise unknown_name(name, indicator.kind, error) from None
    if found.status == "not_found" and name not in NAMES[indicator.kind]:
        # VirusTotal answers an unknown indicator and an unknown name in the same way. A misspelt name must not look
        # like an unknown indicator.
        raise unknown_name(name, indicator.kind, InvalidIndicator("", http_status=404, vt_code="NotFoundError"))
    return found


def values_of(indicator: Indicator, name: str) -> dict[str, str]:
    """The values of an endpoint for the relationship `name` of an indicator."""
    return {"collection": COLLECTION[indicator.kind], "id": indicator.vt_id, "relationship": name}


def row_of(item: Mapping[str, Any], about: Indicator | None = None) -> dict[str, Any]:
    """The row for an object of VirusTotal's of any type, or for its descriptor (only type, id and context).

    Reports in it have no verdict yet: `judged_row` adds it. `about`: the indicator that the object is related to.
    """
    vt_type, found, attributes = text(item.get("type")) or "", text(item.get("id")), mapping(item.get("attributes"))
    seen = mapping(item.get("context_attributes"))
    row: dict[str, Any] = {"type": KINDS.get(vt_type, vt_type), "id": found}
    date = epoch(attributes.get("date")) or epoch(seen.get("timestamp"))
    row["date"] = iso(date) if date else None
    if "error" in item:
        # VirusTotal names the object, but does not have it.
        row["status"] = "not_found"
    if vt_type in KINDS:
        row.update(_of_indicator(KINDS[vt_type], item, attributes, seen))
    if vt_type == "resolution":
        row.update(_pair_of(found or "", attributes, about))
    if vt_type not in KINDS and attributes:
        row["attributes"] = {name: value for name, value in attributes.items() if name not in _LEFT_OUT}
    return {name: value for name, value in row.items() if value is not None}


def judged_row(row: Mapping[str, Any], rules: Rules) -> dict[str, Any]:
    """`row` with the verdict by `rules`, if it has engine results."""
    shown = {name: value for name, value in row.items() if name != OPINIONS}
    if "stats" not in row:
        return shown
    judgement = judged(row, rules)
    return {**shown, "verdict": judgement.verdict, "stats": judgement.stats}


def _of_indicator(
    kind: Kind, item: Mapping[str, Any], attributes: Mapping[str, Any], seen: Mapping[str, Any]
) -> dict[str, Any]:
    """The fields of a row about an indicator. A URL's id is a hash, so its text is in the attributes or the context."""
    told = text(attributes.get("url")) or text(seen.get("url")) if kind == "url" else text(item.get("id"))
    if told is None:
        return {}
    try:
        indicator = parse_as(kind, told)
    except InvalidIndicator:
        return {"indicator": told}
    if not attributes:
        return {"indicator": indicator.value}
    report = without_recorded_credentials(report_of(item, indicator))
    found = {"indicator": indicator.value, **{name: report[name] for name in _OF_REPORT if name in report}}
    for name, most in (("names", _MOST_NAMES), ("tags", _MOST_TAGS)):
        if name in found:
            found[name] = found[name][:most]
    return found


def _pair_of(found: str, attributes: Mapping[str, Any], about: Indicator | None) -> dict[str, Any]:
    """The name and the address of a resolution. A descriptor has only its id, which is the address followed by the
    name (https://docs.virustotal.com/reference/get-resolution-by-id): where it ends is known from the indicator.
    """
    host, address = text(attributes.get("host_name")), text(attributes.get("ip_address"))
    if host is None and address is None and about is not None:
        if about.kind == "domain" and found.lower().endswith(about.value):
            host, address = about.value, found[: -len(about.value)]
        elif about.kind == "ip" and found.startswith(about.value):
            host, address = found[len(about.value) :], about.value
    pair = {"host": _canonical("domain", host), "ip": _canonical("ip", address)}
    return {name: value for name, value in pair.items() if value}


def _canonical(kind: Kind, value: str | None) -> str | None:
    """As VirusTotal wrote it, if it is no indicator of `kind`, as names with an underscore at their end."""
    try:
        return parse_as(kind, value).value if value else None
    except InvalidIndicator:
        return value


def _hint(name: str, kind: Kind) -> str:
    from ..contract.nearest import nearest

    others = [other for other, names in NAMES.items() if name in names]
    if others:
        return f"it exists for {' and '.join(others)}"
    meant = nearest(name, NAMES[kind])
    return f"did you mean {meant!r}?" if meant else f"known names: {', '.join(NAMES[kind])}"


def unknown_name(name: str, kind: Kind, error: InvalidIndicator) -> InvalidIndicator:
    """The error if VirusTotal refused a request with a relationship that is not known; `error`: VirusTotal's own."""
    return InvalidIndicator(
        f"VirusTotal does not accept the relationship {name!r} for a {kind}; {_hint(name, kind)}",
        http_status=error.http_status,
        vt_code=error.vt_code,
        details={"relationships": sorted(NAMES[kind])},
    )
