"""The MISP module: the file that misp-modules loads."""

from __future__ import annotations

import json
import os
from typing import Any

from pymisp import MISPAttribute, MISPEvent, MISPObject

from vt_connectors.adapters.soar.configured import way_in_for
from vt_connectors.adapters.soar.exchange import exchange
from vt_connectors.adapters.soar.misp import KINDS, Misp, time_limit_s

mispattributes = {"input": list(KINDS), "format": "misp_standard"}
moduleinfo = {
    "version": "1",
    "author": "vt-connectors",
    "description": "VirusTotal's report on an attribute, from the cache and within the quota that all tools share",
    "module-type": ["expansion", "hover"],
    "name": "VirusTotal (vt-connectors)",
    "logo": "virustotal.png",
    "requirements": ["The address of `vtaction serve`, or vt-connectors beside misp-modules"],
    "features": "Asks once for each indicator, whichever tool asks first, and says if VirusTotal does not know it.",
    "references": ["https://docs.virustotal.com/reference/overview"],
    "input": "A hash, domain, host name, IP address or URL.",
    "output": "A virustotal-report object; of a file also a file object, of an address also an asn object.",
}
# Other hashes of a file are as good for detection as the one that was asked about; its names and sizes never are.
_HASHES = ("md5", "sha1", "sha256")
moduleconfig = ["url", "key", "settings", "max_wait_s"]


def handler(q: Any = False) -> Any:
    """The answer to a query, a JSON document. Called from several threads at once."""
    if q is False:
        return False
    query = json.loads(q)
    attribute = query.get("attribute")
    if not isinstance(attribute, dict) or not attribute.get("value") or not attribute.get("uuid"):
        return {"error": "invalid_request: the query has no attribute with a type, a value and a uuid"}
    if attribute.get("type") not in KINDS:
        return {
            "error": f"invalid_request: VirusTotal has no reports on {attribute.get('type')}; use {', '.join(KINDS)}"
        }
    try:
        longest_s = time_limit_s(query)
    except ValueError as error:
        return {"error": f"config_error: {error}"}
    config = query.get("config") or {}
    server, key, settings = (str(config.get(name) or "") for name in ("url", "key", "settings"))
    output = exchange(Misp(), query, way_in_for(server, key, settings, os.environ), longest_s)
    return output if "error" in output else {"results": _results(attribute, output["results"])}


def introspection() -> dict[str, Any]:
    return mispattributes


def version() -> dict[str, Any]:
    return {**moduleinfo, "config": moduleconfig}


def _results(asked: dict[str, Any], results: dict[str, Any]) -> dict[str, Any]:
    event = MISPEvent()
    attribute = MISPAttribute()
    attribute.from_dict(**asked)
    event.add_attribute(**attribute)
    if results["text"]:
        event.add_attribute("text", results["text"], category="External analysis", disable_correlation=True)
    for one in results["objects"]:
        made = MISPObject(one["name"])
        for relation, value in one["attributes"]:
            made.add_attribute(relation, value=value, to_ids=relation in _HASHES and asked.get("to_ids") is True)
        made.add_reference(attribute.uuid, one["reference"])
        event.add_object(made)
    document = json.loads(event.to_json())
    return {name: document[name] for name in ("Attribute", "Object") if document.get(name)}
