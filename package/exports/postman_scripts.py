"""The scripts of the Postman collection: they check responses, and set variables for later requests."""

from __future__ import annotations

import json

from package.exports.example_requests import ExampleRequest, Expected

# btoa does not support UTF-8.
_URL_BASE64 = (
    'const url = pm.variables.replaceIn("{{url}}");',
    "const base64 = btoa(unescape(encodeURIComponent(url)));",
    "// The URL-safe alphabet, without padding.",
    'const id = base64.replace(/\\+/g, "-").replace(/\\//g, "_").replace(/=+$/, "");',
    'pm.collectionVariables.set("url_base64", id);',
)
_TYPES: dict[type, str] = {str: "string", int: "number", list: "array", dict: "object"}


def before(asked: ExampleRequest) -> list[str]:
    """The script before the request; empty if none is needed."""
    return list(_URL_BASE64) if "{{url_base64}}" in asked.values.values() else []


def after(asked: ExampleRequest) -> list[str]:
    """The script that checks the response."""
    codes = list(asked.statuses)
    lines = [
        f'pm.test("the status is {" or ".join(str(code) for code in codes)}", function () {{',
        f"    pm.expect(pm.response.code).to.be.oneOf({json.dumps(codes)});",
        "});",
    ]
    if not asked.has and not asked.sets:
        # The response may be empty.
        return lines
    lines += ["if (pm.response.code === 200) {", "    const answer = pm.response.json();"]
    for path, expected in asked.has.items():
        lines += [
            f"    pm.test({json.dumps(f'{path} {_said(expected)}')}, function () {{",
            f"        pm.expect(answer).to.have.nested.property({json.dumps(path)});",
            f"        pm.expect(answer.{path}).{_matcher(expected)};",
            "    });",
        ]
    for name, path in asked.sets.items():
        lines.append(f"    pm.collectionVariables.set({json.dumps(name)}, answer.{path});")
    return [*lines, "}"]


def _said(expected: Expected) -> str:
    if isinstance(expected, type):
        return f"is of type {_TYPES[expected]}"
    if isinstance(expected, tuple):
        return f"is {' or '.join(str(value) for value in expected)}"
    return f"is {expected}"


def _matcher(expected: Expected) -> str:
    if isinstance(expected, type):
        return f"to.be.a({json.dumps(_TYPES[expected])})"
    if isinstance(expected, tuple):
        return f"to.be.oneOf({json.dumps(list(expected))})"
    return f"to.equal({json.dumps(expected)})"
