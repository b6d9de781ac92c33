"""Makes the Postman collection and its environment: `python -m package.exports.postman` writes dist/postman/.

The requests come from the client's own table of endpoints, the example responses from the sandbox. The files depend
only on these, so the same sources make the same bytes.
"""

from __future__ import annotations

import argparse
import json
import sys
import uuid
from http import HTTPStatus
from pathlib import Path
from string import Formatter
from typing import Any
from urllib.parse import quote

from package.exports.example_requests import ENVIRONMENT, LEARNED, ExampleRequest, Folder
from package.exports.example_requests_v2 import V2
from package.exports.example_requests_v3 import V3
from package.exports.postman_examples import SAMPLE, SAMPLE_NAME, Examples
from package.exports.postman_scripts import after, before
from package.spl.build_error import BuildError
from vt_connectors.sandbox.http.messages import Response

PROJECT = Path(__file__).resolve().parents[2]
COLLECTION, ENVIRONMENT_FILE = "virustotal.postman_collection.json", "virustotal.postman_environment.json"
NAMES = {"3": "API v3", "2": "API v2"}
_SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
_NAMESPACE = uuid.UUID("6f6e2c1e-7a55-5c3b-9a38-3d0c6a7a5b10")

_ABOUT = """The calls that this connector makes to VirusTotal, ready to be tried.

Choose the environment *VirusTotal* and put a key into its variable `api_key`, as the current value: that one stays
on your machine. To spend no quota, start `vtaction sandbox` and set `base_url` to the address it prints.

- **Lookups are not private**: VirusTotal's community can see what you look up.
- **Comments and scans are public.** Running the whole collection creates some; run single requests instead.
- A public key has 4 requests a minute, 500 a day and 15500 a month, and is not for commercial products, services or
  business workflows.
- Later requests in a folder use variables that scripts set from earlier responses.
"""
_ABOUT_VERSION = {
    "3": "The current version. The key is sent in the header `x-apikey`. Unknown is 404, out of quota 429 "
    "(of the minute, the day or the month: the response does not say which), a wrong key 401.",
    "2": "The legacy version. The key is sent as `apikey`, in the form, or in the URL if there is no form. "
    "Unknown is `response_code` 0, out of quota is HTTP 204 without a body, a wrong key is 403.",
}


def collection() -> dict[str, Any]:
    """The collection in Postman's format v2.1.0."""
    return {
        "info": {
            "_postman_id": _id("collection"),
            "name": "VirusTotal",
            "description": _ABOUT,
            "schema": _SCHEMA,
        },
        "item": [_version("3", V3), _version("2", V2)],
        "variable": [{"key": name, "value": "", "type": "string"} for name in LEARNED],
    }


def environment() -> dict[str, Any]:
    """The environment: the key, which is empty and marked secret, the server, and example indicators."""
    key = {"key": "api_key", "value": "", "type": "secret", "enabled": True}
    rest = [{"key": name, "value": value, "type": "default", "enabled": True} for name, value in ENVIRONMENT.items()]
    return {
        "id": _id("environment"),
        "name": "VirusTotal",
        "values": [key, *rest],
        "_postman_variable_scope": "environment",
    }


def _version(version: str, folders: tuple[Folder, ...]) -> dict[str, Any]:
    examples = Examples()
    items = [
        {
            "name": folder.name,
            "description": folder.about,
            "item": [_item(asked, examples, f"{version}/{folder.name}") for asked in folder.requests],
        }
        for folder in folders
    ]
    auth = _auth("x-apikey", "header") if version == "3" else {"type": "noauth"}
    return {"name": NAMES[version], "description": _ABOUT_VERSION[version], "item": items, "auth": auth}


def _item(asked: ExampleRequest, examples: Examples, place: str) -> dict[str, Any]:
    request = _request(asked)
    scripts = (("prerequest", before(asked)), ("test", after(asked)))
    return {
        "id": _id(f"{place}/{asked.name}"),
        "name": asked.name,
        "event": [
            {"listen": listen, "script": {"type": "text/javascript", "exec": lines}}
            for listen, lines in scripts
            if lines
        ],
        "request": {**request, "description": _description(asked)},
        "response": [_response(name, answer, request) for name, answer in examples.of(asked)],
    }


def _request(asked: ExampleRequest) -> dict[str, Any]:
    endpoint = asked.endpoint
    request: dict[str, Any] = {"method": endpoint.method, "header": [], "url": _url(asked)}
    if endpoint.key == "query":
        request["auth"] = _auth("apikey", "query")
    key = {"key": "apikey", "value": "{{api_key}}", "type": "text"}
    if endpoint.file:
        file = {"key": "file", "type": "file", "src": SAMPLE_NAME}
        request["body"] = {"mode": "formdata", "formdata": [key, file] if endpoint.key == "multipart" else [file]}
    elif endpoint.form:
        given = [name for name in endpoint.form if name in asked.values]
        pairs = [{"key": name, "value": asked.values[name], "type": "text"} for name in given]
        request["body"] = {"mode": "urlencoded", "urlencoded": [key, *pairs] if endpoint.key == "form" else pairs}
    document = endpoint.document(asked.values)
    if document is not None:
        request["header"] = [{"key": "Content-Type", "value": "application/json"}]
        request["body"] = {
            "mode": "raw",
            "raw": json.dumps(document, indent=2),
            "options": {"raw": {"language": "json"}},
        }
    return request


def _url(asked: ExampleRequest) -> dict[str, Any]:
    if asked.address:
        return {"raw": asked.address, "host": [asked.address]}
    fields = [name for _, name, _, _ in Formatter().parse(asked.endpoint.path) if name]
    path = asked.endpoint.path.format_map({name: asked.values[name] for name in fields})
    # Postman leaves a plus as it is, which is a space in a query; variables keep their braces.
    values = {name: quote(value, safe="{}:/") for name, value in asked.values.items()}
    query = [{"key": name, "value": values[name]} for name in asked.endpoint.query if name in values]
    raw = "{{base_url}}" + path + ("?" + "&".join(f"{pair['key']}={pair['value']}" for pair in query) if query else "")
    return {
        "raw": raw,
        "host": ["{{base_url}}"],
        "path": path.strip("/").split("/"),
        **({"query": query} if query else {}),
    }


def _auth(name: str, place: str) -> dict[str, Any]:
    pairs = {"key": name, "value": "{{api_key}}", "in": place}
    return {
        "type": "apikey",
        "apikey": [{"key": key, "value": value, "type": "string"} for key, value in pairs.items()],
    }


def _description(asked: ExampleRequest) -> str:
    endpoint = asked.endpoint
    cost = "Costs one request of the quota." if endpoint.counted else "VirusTotal does not count it."
    once = " It is a write: do not repeat it if no response comes." if endpoint.writes else ""
    file = f" Choose the file under *Body*; {SAMPLE_NAME} is next to this collection." if endpoint.file else ""
    return f"{asked.about}\n\n{cost}{once}{file}"


def _response(name: str, answer: Response, request: dict[str, Any]) -> dict[str, Any]:
    is_json = answer.content_type == "application/json" and bool(answer.content)
    body = json.dumps(json.loads(answer.content), indent=2) if is_json else answer.content.decode()
    return {
        "name": name,
        "originalRequest": request,
        "status": HTTPStatus(answer.status).phrase,
        "code": answer.status,
        "_postman_previewlanguage": "json" if is_json else "text",
        "header": [{"key": "Content-Type", "value": answer.content_type}],
        "cookie": [],
        "body": body,
    }


def _id(name: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, name))


def write(folder: Path) -> list[Path]:
    """Write the collection, its environment and a file to upload into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    documents = {COLLECTION: collection(), ENVIRONMENT_FILE: environment()}
    for name, document in documents.items():
        (folder / name).write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", "utf-8")
    (folder / SAMPLE_NAME).write_bytes(SAMPLE)
    return [folder / name for name in (*documents, SAMPLE_NAME)]


def main() -> int:
    """Parse the command line and write. Returns the exit status, 0 or 1."""
    parser = argparse.ArgumentParser(description="Make the Postman collection.")
    parser.add_argument("--out", type=Path, default=PROJECT / "dist/postman", help="folder for the files")
    try:
        for path in write(parser.parse_args().out):
            print(f"  wrote      {path} ({(path.stat().st_size + 1023) // 1024} KB)")
    except BuildError as error:
        print(f"not made: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
