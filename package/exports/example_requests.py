"""What the Postman collection and the Tines stories are made from: endpoints of the client's own table, with values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Union

from vt_connectors.virustotal.endpoints import Endpoint

# What a place in an answer holds: a value, one of several, or anything of a type.
Expected = Union[str, int, tuple[int, ...], type]

PUBLIC = "**The comment is public, under the account's name.** Words that begin with # become its tags."
VISIBLE = "Lookups are not private: what is asked becomes visible to VirusTotal's community."
SENT = "**The file becomes part of VirusTotal's collection**, where others can download it: send nothing confidential."


@dataclass(frozen=True)
class ExampleRequest:
    """One request.

    `values` go to the endpoint's names; `{{variables}}` may stand in them, in `missing` (values that get the answer
    for what is unknown) and in `address` (where it goes instead). `has`: what stands where in its answer.
    `sets`: variables, and where in its answer they are from. `statuses`: with what it may be answered.
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
    """A folder: requests, and what to know of all of them."""

    name: str
    about: str
    requests: tuple[ExampleRequest, ...]


# The environment: what a user sets. The examples are indicators that VirusTotal and its stand-in know.
ENVIRONMENT: Mapping[str, str] = {
    "base_url": "https://www.virustotal.com",
    "file_hash": "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f",
    "url": "https://www.example.com/",
    "domain": "example.com",
    "ip": "8.8.8.8",
    "comment": "A test of the API #test",
}
# What scripts set for later requests.
LEARNED = ("url_base64", "url_id", "analysis_id", "upload_address", "scan_id")
