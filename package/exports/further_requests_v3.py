"""Example requests of API v3 beyond lookups: related objects, behaviour, votes, comments by id, searches."""

from __future__ import annotations

from package.exports.example_requests import COLLECTIONS, VISIBLE, ExampleRequest, Folder, titled
from vt_connectors.virustotal import endpoints
from vt_connectors.virustotal.endpoints import Endpoint
from vt_connectors.virustotal.licences import NAMES

_PAGE = "`meta.cursor` in a response leads to the next page."
_LICENSED = f"**Needs a licence for {NAMES['premium']}**; without it the response is 403."
_RELATED = {
    "files": "contacted_urls",
    "urls": "communicating_files",
    "domains": "subdomains",
    "ip_addresses": "communicating_files",
}


def _related(endpoint: Endpoint, title: str, about: str) -> tuple[ExampleRequest, ...]:
    return tuple(
        ExampleRequest(
            titled(title, name),
            endpoint,
            f"{about} {_PAGE} `vtaction describe --relationships` lists the names and their licences.",
            {"data": list},
            {"collection": collection, "id": ident, "relationship": _RELATED[collection], "limit": "10"},
        )
        for collection, ident, name in COLLECTIONS
    )


_VOTES = tuple(
    ExampleRequest(
        titled("Votes on", name),
        endpoints.VOTES,
        f"The newest first; {_PAGE}",
        {"data": list},
        {"collection": collection, "id": ident, "limit": "10"},
    )
    for collection, ident, name in COLLECTIONS
)
_VOTE = tuple(
    ExampleRequest(
        titled("Vote on", name),
        endpoints.ADD_VOTE,
        "**The vote is public, under the account's name.** `verdict`: `harmless` or `malicious`. VirusTotal keeps the "
        "first vote of an account; a second one returns 409.",
        {"data.type": "vote", "data.attributes.verdict": str},
        {"collection": collection, "id": ident, "verdict": "harmless"},
        {"collection": "files", "id": "0" * 64, "verdict": "harmless"} if collection == "files" else {},
        statuses=(200, 409),
    )
    for collection, ident, name in COLLECTIONS
)
FURTHER = (
    Folder(
        "Related objects",
        "Objects that are related to an indicator: whole ones, or only their types and ids.",
        (
            *_related(endpoints.RELATED, "Related objects of", "Whole objects."),
            *_related(endpoints.RELATED_IDS, "Ids related to", "Types and ids only."),
        ),
    ),
    Folder(
        "Behaviour",
        "What a file did in VirusTotal's sandboxes. 404 if none has run it.",
        (
            ExampleRequest(
                "Behaviour of a file",
                endpoints.BEHAVIOUR_SUMMARY,
                f"A summary over all sandboxes. {VISIBLE}",
                {"data": dict},
                {"id": "{{file_hash}}"},
                {"id": "0" * 64},
            ),
            ExampleRequest(
                "ATT&CK techniques of a file",
                endpoints.MITRE_TREES,
                f"MITRE ATT&CK tactics and techniques, by sandbox. {VISIBLE}",
                {"data": dict},
                {"id": "{{file_hash}}"},
                {"id": "0" * 64},
            ),
        ),
    ),
    Folder("Votes", "Votes of VirusTotal's community.", (*_VOTES, *_VOTE)),
    Folder(
        "One comment",
        "By the id in the response to *Comment on an IP address*. If that was a 409, set `comment_id` yourself.",
        (
            ExampleRequest(
                "Comment by its id",
                endpoints.COMMENT,
                "404 if it was deleted.",
                {"data.type": "comment", "data.attributes.text": str},
                {"id": "{{comment_id}}"},
                {"id": "d-example.com-00000000"},
            ),
            ExampleRequest(
                "Delete a comment",
                endpoints.DELETE_COMMENT,
                "Your own comments only.",
                {},
                {"id": "{{comment_id}}"},
                {"id": "d-example.com-00000000"},
            ),
        ),
    ),
    Folder(
        "Search",
        "Searches, the IoC stream, and any other object.",
        (
            ExampleRequest(
                "Search",
                endpoints.SEARCH,
                f"A hash, URL, domain, IP address, or a comment's tag such as `#phishing`. {VISIBLE}",
                {"data": list},
                {"query": "{{domain}}", "limit": "10"},
            ),
            ExampleRequest(
                "Search VirusTotal Intelligence",
                endpoints.INTELLIGENCE_SEARCH,
                f"{_LICENSED} It also costs one of VirusTotal's own quota of searches. {_PAGE}",
                {"data": list},
                {"query": "entity:file p:5+", "limit": "10", "descriptors_only": "false"},
                statuses=(200, 403),
            ),
            ExampleRequest(
                "IoC stream",
                endpoints.IOC_STREAM,
                f"{_LICENSED} The newest notifications of your rules and subscriptions. {_PAGE}",
                {"data": list},
                {"limit": "10", "order": "date-"},
                statuses=(200, 403),
            ),
            ExampleRequest(
                "Any other object",
                endpoints.ANY_GET,
                "Any call that reads, by its path.",
                {"data": list},
                {"path": "collections"},
            ),
        ),
    ),
)
