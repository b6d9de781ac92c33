"""Example requests for the Postman collection and the Tines stories: the client's own endpoints, with values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Union

from vt_connectors.virustotal.endpoints import Endpoint

# The expected content of a path in a response: a value, one of several, or any value of a type.
Expected = Union[str, int, tuple[int, ...], type]

PUBLIC = "**The comment is public, under the account's name.** Words that begin with # become its tags."
VISIBLE = "Lookups are not private: VirusTotal's community can see what you look up."
SENT = "**The file becomes part of VirusTotal's collection**, where others can download it: send no confidential files."


@dataclass(frozen=True)
class ExampleRequest:
    """One request.

    `values` are for the endpoint's names. They, `missing` (values of an unknown object) and `address` (another URL)
    may contain `{{variables}}`. `has`: the expected content of the response by path. `sets`: variables, and their
    paths in the response. `statuses`: the valid statuses of the response.
    """

    name: str
    endpoint: Endpoint
    about: str
    has: Mapping[str, Expected]
    values: Mapping[str, str] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    sets: Mapping[str, str] = field(default_factory=dict)
    address: str = ""
    statuses: tuple[int, ...] = (200,)


@dataclass(frozen=True)
class Folder:
    """A folder: requests, and notes about all of them."""

    name: str
    about: str
    requests: tuple[ExampleRequest, ...]


# Collection, id and name of each kind of indicator. A URL's base64 id is valid only for reading.
COLLECTIONS = (
    ("files", "{{file_hash}}", "file"),
    ("urls", "{{url_id}}", "URL"),
    ("domains", "{{domain}}", "domain"),
    ("ip_addresses", "{{ip}}", "IP address"),
)


def titled(text: str, name: str) -> str:
    """`text` with the name of a kind of indicator: `Votes on an IP address`."""
    return f"{text} {'an' if name[0] == 'I' else 'a'} {name}"


# The environment that users set. The examples are indicators that VirusTotal and the sandbox know.
ENVIRONMENT: Mapping[str, str] = {
    "base_url": "https://www.virustotal.com",
    "file_hash": "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f",
    "url": "https://www.example.com/",
    "domain": "example.com",
    "ip": "8.8.8.8",
    "comment": "A test of the API #test",
}
# Variables that scripts set for later requests.
LEARNED = (
    *("url_base64", "url_id", "analysis_id", "upload_address", "scan_id", "comment_id"),
    *("private_analysis_id", "private_file_hash"),
)
