"""An example workflow for n8n's own HTTP Request node, so that it works without the community node."""

from __future__ import annotations

from typing import Any

# A space between the braces: `}}` would end the expression.
_BODY = "={{ JSON.stringify({v: 1, action: 'lookup', params: {value: $json.value}, options: {max_wait_s: 20} }) }}"
_SERVER = "={{ $env.VTACTION_URL || 'http://127.0.0.1:8300' }}/v1/run"
_VALUES = (
    "return ['44d88612fea8a8f36de82e1278abb02f', 'unknown.example', '10.0.0.1'].map((value) => ({ json: { value } }));"
)


def workflow() -> dict[str, Any]:
    """What `n8n import:workflow` takes: three indicators, one lookup for each, and a verdict or a reason."""
    nodes = [
        _node("Start", "n8n-nodes-base.manualTrigger", 1, {}),
        _node("Indicators", "n8n-nodes-base.code", 2, {"jsCode": _VALUES}),
        _node("Lookup", "n8n-nodes-base.httpRequest", 4.2, _request(), credentials=_CREDENTIALS),
        _node("Verdict", "n8n-nodes-base.set", 3.4, _verdict()),
    ]
    names = [node["name"] for node in nodes]
    links = {one: {"main": [[{"node": other, "type": "main", "index": 0}]]} for one, other in zip(names, names[1:])}
    return {
        "id": "vtconnectors0001",
        "name": "VirusTotal lookups through vtaction serve",
        "nodes": nodes,
        "connections": links,
        "settings": {"executionOrder": "v1"},
        "active": False,
    }


# A credential of the type Header Auth: name Authorization, value "Bearer " and a token of the server.
_CREDENTIALS = {"httpHeaderAuth": {"id": "vtconnectors0001", "name": "vtaction serve"}}


def _node(name: str, kind: str, version: float, parameters: dict[str, Any], **more: Any) -> dict[str, Any]:
    place = [200 * ["Start", "Indicators", "Lookup", "Verdict"].index(name), 0]
    return {"id": name, "name": name, "type": kind, "typeVersion": version, "position": place} | {
        "parameters": parameters,
        **more,
    }


def _request() -> dict[str, Any]:
    return {
        "method": "POST",
        "url": _SERVER,
        "authentication": "genericCredentialType",
        "genericAuthType": "httpHeaderAuth",
        "sendBody": True,
        "contentType": "json",
        "specifyBody": "json",
        "jsonBody": _BODY,
        "options": {},
    }


def _verdict() -> dict[str, Any]:
    result = "={{ $json.status === 'ok' ? $json.data.verdict : $json.error?.code ?? $json.status }}"
    assignments = [
        {"id": "1", "name": "value", "value": "={{ $('Indicators').item.json.value }}", "type": "string"},
        {"id": "2", "name": "result", "value": result, "type": "string"},
        {"id": "3", "name": "summary", "value": "={{ $json.summary }}", "type": "string"},
    ]
    return {"assignments": {"assignments": assignments}, "options": {}}
