"""Which action meets which recorded answer beyond lookups, and what it says then."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable

HASH = "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"
URL = "http://example.com/"
URL_ID = "2a1b402420ef46577471cdc7409b0fa2c6a204db316e59ade2d805435489a067"
SINCE = "2019-01-01T00:00:00Z"
Params = dict[str, Any]


def _same(document: Any) -> Any:
    return document


@dataclass(frozen=True)
class Meeting:
    """`action` with `params` gets the recording in a response with `status`, and ends with `outcome`.

    `has`: values of the answer's data by their path; `#` is the length. `before`: the responses before the recording.
    `sent` adapts the recording to what was asked for. Without an action, `why` says why no action meets it.
    """

    action: str | None
    params: Params = field(default_factory=dict)
    outcome: str = "ok"
    has: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200
    before: tuple[tuple[int, Any], ...] = ()
    sent: Callable[[Any], Any] = _same
    why: str = ""


def _get(path: str, **has: Any) -> Meeting:
    return Meeting("vt_get", {"path": path}, has=has)


def _none(why: str) -> Meeting:
    return Meeting(None, why=why)


def _related(indicator: str, name: str, **has: Any) -> Meeting:
    params = {"indicator": indicator, "relationship": name, "full": True, "limit": 2}
    return Meeting("relationships", params, has={path.replace("__", "."): value for path, value in has.items()})


def _without_cursor(document: Any) -> Any:
    return {**document, "meta": {}}


def _stream(**has: Any) -> Meeting:
    found = {path.replace("__", "."): value for path, value in has.items()}
    return Meeting("ioc_stream", {"since": SINCE}, has=found, sent=_without_cursor)


def _vote(indicator: str, kind: str, verdict: str, outcome: str) -> Meeting:
    before = ((200, {"data": {"type": "url", "id": URL_ID, "attributes": {"url": URL}}}),) if kind == "url" else ()
    params = {"indicator": indicator, "verdict": verdict}
    return Meeting("add_vote", params, outcome, status=409, before=before)


def _of_our_url(document: Any) -> Any:
    """A scan of the URL that is asked for: the recording's was replaced."""
    return {"data": {**document["data"], "id": f"u-{URL_ID}-1571525812"}}


_A_REQUEST = "it is the body of a request"
_NOT_OFFERED = "a write that no action makes"
_PRIVATE = "tests/actions/test_private_recordings.py"
_BODY_KNOWN = {"data": {"type": "url", "id": URL_ID, "attributes": {"url": URL}}}

TABLE: dict[str, Meeting] = {
    "account/group_api_usage_docs": _get("groups/example/api_usage"),
    "account/group_users_400_docs": _none(_NOT_OFFERED),
    "account/overall_quotas_with_group_2021": Meeting("quota"),
    "account/user_delete_403_docs": _none(_NOT_OFFERED),
    "behaviour/behaviour_summary_docs": Meeting(
        "behaviour", {"hash": HASH, "parts": ["summary"]}, has={"summary.modules.#": 9, "summary.mutexes.#": 7}
    ),
    "behaviour/mitre_trees_docs": Meeting(
        "behaviour",
        {"hash": HASH, "parts": ["techniques"]},
        has={"techniques.#": 5, "techniques.0.id": "T1036", "techniques.1.tactics.#": 2},
    ),
    "behaviour/behaviours_list_docs": _related(HASH, "behaviours", related__0__type="file_behaviour"),
    "collections/collection_comment_docs": _none(_NOT_OFFERED),
    "collections/collection_create_raw_text_request_docs": _none(_A_REQUEST),
    "collections/collection_created_docs": _none(_NOT_OFFERED),
    "collections/collection_export_docs": _get("collections/example/download/json"),
    "collections/collection_relationship_export_docs": _get("collections/example/files/download/json"),
    "collections/collection_updated_docs": _none(_NOT_OFFERED),
    "collections/vulnerability_cve_2025": _get("collections/vulnerability--cve-2022-30190"),
    "comments/comment_vote_docs": _none(_NOT_OFFERED),
    "download/file_download_302_2019_premium": _none("tests/actions/test_download.py"),
    "download/file_download_url_2019_premium": _none("tests/actions/test_download.py"),
    "download/zip_create_request_docs": _none(_A_REQUEST),
    "download/zip_creating_docs": _get("intelligence/zip_files/4939392292"),
    "errors/domain_vote_409_docs": _vote("example.com", "domain", "harmless", "ok"),
    "errors/url_vote_409_docs": _vote(URL, "url", "harmless", "conflict"),
    "errors/hunting_rulesets_delete_400_docs": _none(_NOT_OFFERED),
    "errors/snippet_400_docs": Meeting(
        "vt_get", {"path": "intelligence/search/snippets/x"}, "invalid_indicator", status=400
    ),
    "gti/url_assessment_factors_fixture": _none("it has no envelope: what another product makes of a response"),
    "ioc_stream/descriptors_3_2025": _stream(notifications__0__rule="potentialIntDocsContent", more=False),
    "ioc_stream/devkit_file_1_2025": _stream(notifications__0__origin="subscriptions"),
    "ioc_stream/devkit_file_2_2025": _stream(),
    "ioc_stream/ioc_stream_docs": _stream(notifications__0__notification_id="9047905968"),
    "livehunt/hunting_notification_files_2020": _get("intelligence/hunting_notification_files"),
    "livehunt/retrohunt_create_request_docs": _none(_A_REQUEST),
    "livehunt/retrohunt_job_starting_2021": _get("intelligence/retrohunt_jobs/example"),
    "livehunt/ruleset_create_request_docs": _none(_A_REQUEST),
    "livehunt/ruleset_created_docs": _get("intelligence/hunting_rulesets/1"),
    "livehunt/yara_rules_docs": _get("yara_rules"),
    "private/private_analyses_list_docs": _get("private/analyses"),
    "private/private_behaviour_summary_docs": _get(f"private/files/{HASH}/behaviour_summary"),
    "private/private_mitre_trees_docs": _get(f"private/files/{HASH}/behaviour_mitre_trees"),
    "private/private_zip_created_docs": _none(_NOT_OFFERED),
    "relationships/domain_communicating_files_2019": _related(
        "github.com", "communicating_files", related__0__verdict="malicious", related__0__type="hash"
    ),
    "relationships/domain_downloaded_files_2019_premium": _related("github.com", "downloaded_files"),
    "relationships/domain_referrer_files_2019": _related("github.com", "referrer_files"),
    "relationships/domain_urls_2019_premium": _related("github.com", "urls", related__0__verdict="suspicious"),
    "relationships/graph_editors_empty_descriptors_2019": _get("graphs/example/relationships/editors"),
    "relationships/graph_group_null_2019": _get("graphs/example/group"),
    "relationships/ip_communicating_files_2019": _related("1.1.1.1", "communicating_files"),
    "relationships/ip_downloaded_files_2019_premium": _related("1.1.1.1", "downloaded_files"),
    "relationships/ip_historical_whois_2019": _related("1.1.1.1", "historical_whois", related__0__type="whois"),
    "relationships/ip_urls_2019_premium": _related("1.1.1.1", "urls"),
    "relationships/url_analyses_2019_premium": _related(URL, "analyses", related__0__type="analysis"),
    "relationships/url_comments_2019": _related(URL, "comments", related__0__type="comment"),
    "relationships/url_graphs_empty_2019": _related(URL, "graphs", related=[]),
    "relationships/url_network_location_2019": _related(URL, "network_location", related__0__type="domain"),
    "rescan/url_analyse_post_2019": Meeting(
        "rescan", {"indicator": URL}, "pending", before=((200, _BODY_KNOWN),), sent=_of_our_url
    ),
    "search/intelligence_search_files_2021": Meeting(
        "intelligence_search", {"query": "size:1KB- name:eicar", "limit": 1}, has={"results.0.indicator": HASH}
    ),
    "search/intelligence_search_urls_page1_2021": Meeting(
        "intelligence_search", {"query": "entity:url hostname:example.com", "limit": 1}, has={"total": 603}
    ),
    "search/intelligence_search_urls_page2_2021": Meeting(
        "intelligence_search", {"query": "entity:url hostname:example.com", "limit": 1}, has={"total": 603}
    ),
    "search/popular_threat_categories_docs": _get("popular_threat_categories"),
    "search/search_comments_docs": Meeting("search", {"query": "#example"}, has={"results.0.type": "comment"}),
    "threat_lists/ransomware_latest_2025": _get("threat_lists/ransomware/latest"),
}
_LOOKUPS = {"file": "hash", "url": "url", "domain": "domain", "ip_address": "ip"}


def meeting(path: Path) -> Meeting:
    """Raises `KeyError` for a recording that no action is known to meet."""
    name = f"{path.parent.name}/{path.stem}"
    if name in TABLE:
        return TABLE[name]
    document = json.loads(path.read_text("utf-8"))
    if path.parent.name == "gti":
        return _lookup(document["data"])
    if path.parent.name == "private":
        return _none(_PRIVATE)
    if path.parent.name == "ioc_stream":
        return _stream()
    if name.startswith("behaviour/file_behaviour_"):
        return _get("file_behaviours/" + document["data"]["id"])
    raise KeyError(name)


def _lookup(vt_object: Mapping[str, Any]) -> Meeting:
    kind = _LOOKUPS[vt_object["type"]]
    value = vt_object["attributes"]["url"] if kind == "url" else vt_object["id"]
    return Meeting(f"lookup_{kind}", {kind: value}, has={"id": vt_object["id"]})
