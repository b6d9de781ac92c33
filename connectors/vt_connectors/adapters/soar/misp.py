"""MISP: an attribute to a request, and the response to objects, which the module makes with pymisp."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .exchange import request
from .outcome import FOUND, is_answer, message_of, outcome_of, ratio_of

# MISP's attribute types and what they are called here. Of a pair, such as filename|md5, one part is asked for.
KINDS = {
    "md5": "hash",
    "sha1": "hash",
    "sha256": "hash",
    "filename|md5": "hash",
    "filename|sha1": "hash",
    "filename|sha256": "hash",
    "domain": "domain",
    "hostname": "domain",
    "hostname|port": "domain",
    "ip-src": "ip",
    "ip-dst": "ip",
    "ip-src|port": "ip",
    "ip-dst|port": "ip",
    "url": "url",
}
# misp-modules waits for 300 s. MISP itself waits for 10 s if its administrator set nothing.
_LONGEST_S = 240.0
_MOST_NAMES = 10


class Misp:
    """`given`: a query with `attribute`. The output is {"error": "code: text"} or
    {"results": {"text": ..., "objects": [...]}}: an object has `name`, `attributes` (pairs of a relation and a value)
    and `reference`, its relation to the attribute. `text` says why there is no object.
    """

    def requests(self, given: Mapping[str, Any]) -> list[dict[str, Any]]:
        attribute = given["attribute"]
        return [request("lookup", {"value": _value(attribute), "type": KINDS[attribute["type"]]})]

    def output(self, given: Mapping[str, Any], responses: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        [response] = responses
        if not is_answer(response):
            return {"error": message_of(response)}
        if outcome_of(response) != FOUND:
            return {"results": {"text": message_of(response), "objects": []}}
        return {"results": {"text": None, "objects": list(_objects(response))}}


def time_limit_s(query: Mapping[str, Any]) -> float:
    """How long the answer to a query may take: what the module's setting `max_wait_s` and the query say, at most 240 s.
    Raises `ValueError`, which says what is wrong.
    """
    setting = str((query.get("config") or {}).get("max_wait_s") or _LONGEST_S)
    try:
        return min(_LONGEST_S, max(1.0, float(setting)), float(query.get("timeout") or _LONGEST_S))
    except ValueError:
        raise ValueError(f"the module's setting max_wait_s must be a number of seconds, not {setting!r}") from None


def _value(attribute: Mapping[str, Any]) -> str:
    kind, value = str(attribute["type"]), str(attribute["value"])
    if kind.startswith("filename|"):
        return value.rpartition("|")[2]
    return value.partition("|")[0] if "|" in kind else value


def _objects(response: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    data = response["data"]
    yield _object("virustotal-report", "describes", _report(response))
    hashes = data.get("hashes") or {}
    if hashes:
        names = [("filename", name) for name in (data.get("names") or ())[:_MOST_NAMES]]
        size = [("size-in-bytes", data.get("size"))]
        yield _object("file", "related-to", [*hashes.items(), *names, *size])
    if data.get("asn"):
        pairs = {"asn": f"AS{data['asn']}", "description": data.get("owner"), "country": data.get("country")}
        yield _object("asn", "related-to", [*pairs.items(), ("subnet-announced", data.get("network"))])


def _report(response: Mapping[str, Any]) -> list[tuple[str, Any]]:
    data = response["data"]
    reputation = data.get("reputation")
    label = [("comment", f"threat: {data['label']}")] if data.get("label") else []
    tags = [("comment", f"tags: {', '.join(data['tags'])}")] if data.get("tags") else []
    return [
        ("permalink", data.get("link")),
        ("detection-ratio", ratio_of(response)),
        ("community-score", None if reputation is None else str(reputation)),
        ("first-submission", data.get("first_seen")),
        ("comment", message_of(response)),
        *label,
        *tags,
    ]


def _object(name: str, reference: str, attributes: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    kept = [[relation, value] for relation, value in attributes if value not in (None, "")]
    return {"name": name, "reference": reference, "attributes": kept}
