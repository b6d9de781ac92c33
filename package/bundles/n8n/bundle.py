"""The n8n community node: the TypeScript in source/, and what is generated from the manifest.

n8n's own rules for names, titles and descriptions are those of `n8n-node lint`.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from package.bundles.manifest import Action, Manifest, Param
from vt_connectors.adapters.soar import outcome

from .workflow import workflow

HERE = Path(__file__).resolve().parent
NAME = "n8n-nodes-vt-connectors"
_NODE = "nodes/VtConnectors"
# Of the node's own options.
_FAILURES = [name for name in outcome.OUTCOMES if name not in outcome.ANSWERS]
# A server refuses them for every client, so n8n does not offer them.
_NOT_OVER_HTTP = {"download_file": None, "scan_file": "path"}
_TYPES = {"boolean": "boolean", "integer": "number", "number": "number"}
_DEFAULTS: dict[str, Any] = {"boolean": False, "integer": 0, "number": 0}
_UPPER = {"Id": "ID", "Url": "URL", "Ip": "IP", "Zip": "ZIP", "Json": "JSON", "Base64": "Base64", "S": "Seconds"}


def build(manifest: Manifest, out: Path) -> Path:
    """The folder of the npm package, ready for `npm install` and `npm run build`; and workflow.json beside it."""
    folder = out / NAME
    shutil.copytree(HERE / "source", folder)
    offered = [action for action in manifest.actions if _NOT_OVER_HTTP.get(action.name, "") is not None]
    _write(folder / "package.json", json.dumps(_package(manifest.version), indent=2) + "\n")
    _write(folder / _NODE / "properties.ts", _properties(offered))
    _write(folder / _NODE / "actions.ts", _actions(offered))
    _write(folder / _NODE / "outcome.ts", _outcome())
    _write(folder / "README.md", _readme(offered))
    shutil.copy(HERE.parents[2] / "LICENSE", folder / "LICENSE.md")
    _write(out / "workflow.json", json.dumps(workflow(), indent=2) + "\n")
    return folder


def _write(path: Path, text: str) -> None:
    path.write_text(text, "utf-8")


def _package(version: str) -> dict[str, Any]:
    return {
        "name": NAME,
        "version": version,
        "description": "VirusTotal behind one cache and one quota for all tools: a client of `vtaction serve`",
        "license": "Apache-2.0",
        "keywords": ["n8n-community-node-package", "virustotal", "threat intelligence"],
        "scripts": {"build": "n8n-node build", "lint": "n8n-node lint"},
        "files": ["dist"],
        "n8n": {
            "n8nNodesApiVersion": 1,
            "strict": True,
            "credentials": ["dist/credentials/VtConnectorsApi.credentials.js"],
            "nodes": [f"dist/{_NODE}/VtConnectors.node.js"],
        },
        "devDependencies": {"@n8n/node-cli": "0.48.3"},
        "peerDependencies": {"n8n-workflow": "*"},
    }


def _params(action: Action) -> list[Param]:
    return [param for param in action.params if _NOT_OVER_HTTP.get(action.name) != param.name]


def _properties(actions: list[Action]) -> str:
    options = [
        {
            "name": action.title,
            "value": action.name,
            "action": _action_text(action.title),
            "description": _without_period(action.description[:1].upper() + action.description[1:]),
        }
        for action in sorted(actions, key=lambda action: action.title.lower())
    ]
    operation: dict[str, Any] = {
        "displayName": "Operation",
        "name": "operation",
        "type": "options",
        "noDataExpression": True,
        "options": options,
        "default": "lookup",
    }
    found = [operation]
    for action in actions:
        found += [_property(action, param) for param in _params(action) if param.required]
    for action in actions:
        further = [_field(param) for param in _params(action) if not param.required]
        if further:
            found.append(_collection(action, sorted(further, key=lambda field: str(field["displayName"]))))
    found += _OWN
    head = "import type { INodeProperties } from 'n8n-workflow';\n\n"
    return f"{head}export const properties: INodeProperties[] = {_typescript(found)};\n"


_OWN: list[dict[str, Any]] = [
    {
        "displayName": "Longest Wait for Quota (Seconds)",
        "name": "maxWait",
        "type": "number",
        "typeOptions": {"minValue": 0, "maxValue": 300},
        "default": 20,
        "description": "Whether it is answered in this time or not, the workflow goes on",
    },
    {
        "displayName": "If a Request Fails",
        "name": "onFailure",
        "type": "options",
        "options": [
            {"name": "Return It as an Item", "value": "item"},
            {"name": "Stop the Workflow", "value": "stop"},
        ],
        "default": "item",
        "description": f"What to do if the outcome is one of {', '.join(_FAILURES)}",
    },
]


def _field(param: Param) -> dict[str, Any]:
    kind = "options" if param.choices and not param.is_list else _TYPES.get(param.type, "string")
    if param.is_list:
        kind = "string"
    found: dict[str, Any] = {
        "displayName": _title(param.name),
        "name": param.name,
        "type": kind,
        "default": _DEFAULTS.get(param.type, "") if not param.is_list else "",
    }
    description = _without_period(param.description)
    if kind == "options":
        found["options"] = [{"name": _title(choice), "value": choice} for choice in sorted(param.choices)]
        found["default"] = sorted(param.choices)[0]
    if kind == "boolean" and not description.startswith("Whether"):
        description = f"Whether to do this: {description[:1].lower()}{description[1:]}"
    found["description"] = f"{description}; separated by commas" if param.is_list else description
    if "password" in param.name:
        found["typeOptions"] = {"password": True}
    return found


def _property(action: Action, param: Param) -> dict[str, Any]:
    return {
        **_field(param),
        "name": f"{action.name}_{param.name}",
        "required": True,
        "displayOptions": {"show": {"operation": [action.name]}},
    }


def _collection(action: Action, fields: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "displayName": "Additional Fields",
        "name": "additionalFields",
        "type": "collection",
        "placeholder": "Add Field",
        "default": {},
        "displayOptions": {"show": {"operation": [action.name]}},
        "options": fields,
    }


def _actions(actions: list[Action]) -> str:
    table = {
        action.name: {param.name: {"required": param.required, "isList": param.is_list} for param in _params(action)}
        for action in actions
    }
    kind = "Record<string, Record<string, { required: boolean; isList: boolean }>>"
    return f"// The parameters of each action.\nexport const actions: {kind} = {_typescript(table)};\n"


def _outcome() -> str:
    """The rules of `adapters/soar/outcome.py` in TypeScript."""
    template = (HERE / "outcome.ts").read_text("utf-8")
    return (
        template.replace("'BY_STATUS'", _typescript(outcome.BY_STATUS))
        .replace("'BY_CODE'", _typescript(outcome.BY_CODE))
        .replace("'FAILURES'", _typescript(_FAILURES))
        .replace("'FAILED'", json.dumps(outcome.FAILED))
    )


def _readme(actions: list[Action]) -> str:
    template = (HERE / "README.template.md").read_text("utf-8")
    rows = "\n".join(f"| {action.title} | {action.description} |" for action in actions)
    return template.replace("@ACTIONS@", rows)


def _typescript(value: Any) -> str:
    return json.dumps(value, indent="\t", ensure_ascii=False)


def _title(name: str) -> str:
    words = [word.capitalize() for word in name.replace("-", "_").split("_")]
    return " ".join(_UPPER.get(word, word) for word in words)


def _action_text(title: str) -> str:
    """A title as n8n wants it for a step: in the case of a sentence."""
    return title


def _without_period(text: str) -> str:
    return text[:-1] if text.endswith(".") and ". " not in text else text
