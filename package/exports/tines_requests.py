"""The calls to VirusTotal and the connector's actions in Tines' form: an example input and an HTTP request."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Any

from package.exports.example_requests import ENVIRONMENT, ExampleRequest, Folder
from package.exports.example_requests_v2 import V2
from package.exports.example_requests_v3 import V3
from package.exports.postman_examples import SAMPLE, SAMPLE_NAME
from package.exports.tines_story import slug
from vt_connectors.actions import ACTIONS
from vt_connectors.contract.documents import VERSION
from vt_connectors.virustotal.endpoints import Endpoint

BASE_URL = ENVIRONMENT["base_url"]
CREDENTIAL = "<<CREDENTIAL.virustotal>>"
# The address of a `vtaction serve` without a slash at its end, and a token of it.
SERVER_URL = "<<RESOURCE.vt_connector_url>>"
TOKEN = "<<CREDENTIAL.vt_connector>>"  # noqa: S105  # a reference
_VARIABLE = re.compile(r"\{\{(\w+)\}\}")


@dataclass(frozen=True)
class Asking:
    """One operation. `example`: the content of its input. `request`: the HTTP request's options.

    `again`: a label for the case in which a retry makes sense, the reference to check, and the pattern that it then
    matches; None if retries never make sense.
    """

    name: str
    about: str
    example: Mapping[str, Any]
    request: Mapping[str, Any]
    again: tuple[str, str, str] | None


def input_name(name: str) -> str:
    return f"{name}: input"


def calls(version: str) -> Iterator[Asking]:
    """An operation for every endpoint of one version of the API, and for uploads to a given URL."""
    seen: set[tuple[str, str]] = set()
    folders: tuple[Folder, ...] = V3 if version == "3" else V2
    for asked in (asked for folder in folders for asked in folder.requests):
        known = asked.endpoint.name, asked.address
        if known not in seen:
            seen.add(known)
            yield _call(asked, "^429$" if version == "3" else "^204$")


def _call(asked: ExampleRequest, out_of_quota: str) -> Asking:
    name = _name(asked)
    example, told = _input(asked, f"{slug(input_name(name))}")
    again = "out of quota", f"<<{slug(name)}.status>>", out_of_quota
    about = asked.about if name == asked.name else f"{asked.about} Set collection and id."
    return Asking(name, about, example, _options(asked, told), again if asked.endpoint.counted else None)


def _name(asked: ExampleRequest) -> str:
    """Of the calls that are for several collections, one is here, for any of them."""
    if "{collection}" not in asked.endpoint.path:
        return asked.name
    known = {"add_comment": "Comment", "resolutions": "Passive DNS"}
    return known.get(asked.endpoint.name, asked.endpoint.name.replace("_", " ").capitalize())


def _input(asked: ExampleRequest, source: str) -> tuple[dict[str, Any], dict[str, str]]:
    """The example input, and the request's references to it, by the endpoint's names."""
    example: dict[str, Any] = {}
    told: dict[str, str] = {}
    for name, value in asked.values.items():
        if value == "{{api_key}}":
            told[name] = CREDENTIAL
        elif value == "{{url_base64}}":
            example["url"] = ENVIRONMENT["url"]
            told[name] = f'<<REGEX_REPLACE(BASE64URL_ENCODE({source}.url), "=+$", "")>>'
        else:
            example[name] = _VARIABLE.sub(lambda found: ENVIRONMENT.get(found[1], ""), value)
            told[name] = f"<<{source}.{name}>>"
    if asked.address:
        example["address"] = ""
        told["address"] = f"<<{source}.address>>"
    if asked.endpoint.file:
        example.update(filename=SAMPLE_NAME, content_base64=base64.b64encode(SAMPLE).decode())
        told["filename"] = f"<<{source}.filename>>"
        told["contents"] = f"=BASE64_DECODE({source}.content_base64)"
    return example, told


def _options(asked: ExampleRequest, told: Mapping[str, str]) -> dict[str, Any]:
    endpoint = asked.endpoint
    names = [name for _, name, _, _ in Formatter().parse(endpoint.path) if name]
    path = endpoint.path.format_map({name: (_path if name == "path" else _segment)(told[name]) for name in names})
    options: dict[str, Any] = {
        "url": told["address"] if asked.address else BASE_URL + path,
        "content_type": "data" if endpoint.file else "form" if endpoint.form else "application_json",
        "method": endpoint.method.lower(),
        "payload": _payload(endpoint, told),
        "headers": {"x-apikey": CREDENTIAL} if endpoint.key == "header" else {},
        # Every response becomes an event; the triggers decide what it means.
        "log_error_on_status": [],
    }
    return {name: value for name, value in options.items() if value or name == "log_error_on_status"}


def _segment(reference: str) -> str:
    """The reference as one segment of a path, so that a value with a slash cannot reach another call."""
    plain = re.fullmatch(r"<<(\w+\.\w+)>>", reference)
    return f'<<REGEX_REPLACE({plain[1]}, "[^\\w.:=-]", "")>>' if plain and "CREDENTIAL" not in reference else reference


def _path(reference: str) -> str:
    """The reference as a path without a query, which does not lead upwards."""
    return re.sub(r"<<(.*)>>", r'<<REGEX_REPLACE(\1, "[?#%\\s]|[.][.]+", "")>>', reference)


def _payload(endpoint: Endpoint, told: Mapping[str, str]) -> dict[str, Any]:
    """The body, or for GET the query."""
    payload: dict[str, Any] = {} if endpoint.key == "header" else {"apikey": CREDENTIAL}
    document = endpoint.document(told)
    if document is not None:
        return {**payload, **document}
    payload.update({name: told[name] for name in (*endpoint.query, *endpoint.form) if name in told})
    if endpoint.file:
        payload["file"] = {"contents": told["contents"], "filename": told["filename"]}
    return payload


def actions() -> Iterator[Asking]:
    """An operation for every action of the connector, through `vtaction serve`."""
    for action in ACTIONS.values():
        source = slug(input_name(action.name))
        params = {name: _reference(source, name, value) for name, value in action.example.items()}
        request = {
            "url": f"{SERVER_URL}/v1/run",
            "content_type": "application_json",
            "headers": {"Authorization": f"Bearer {TOKEN}"},
            "method": "post",
            "payload": {"v": VERSION, "id": action.name, "action": action.name, "params": params},
            "log_error_on_status": [],
        }
        again = "worth repeating", f"<<{slug(action.name)}.body.error.retryable>>", "^true$"
        yield Asking(action.name, f"{action.about}. Requests: {action.requests}.", action.example, request, again)


def _reference(source: str, name: str, value: object) -> str:
    # Inside a text, a number would become text.
    return f"<<{source}.{name}>>" if isinstance(value, str) else f"={source}.{name}"
