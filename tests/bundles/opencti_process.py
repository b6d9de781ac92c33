"""The connector for OpenCTI in a process of its own, with OpenCTI's client, in front of the stand-in for OpenCTI."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from package.referees.environments import Referee

from .installed import installed
from .opencti_host.graphql import FakeOpenCti, opencti
from .setting import Setting, built

HOST = Path(__file__).parent / "opencti_host"
MARKINGS = {
    "TLP:AMBER": "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82",
    "TLP:RED": "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed",
}


class Asked(NamedTuple):
    """An observable of OpenCTI, and how it is marked."""

    name: str
    type: str
    entity_type: str
    about: Mapping[str, Any]
    tlp: str = "TLP:AMBER"
    in_playbook: bool = False

    @property
    def id(self) -> str:
        number = sum(ord(letter) * 7**place for place, letter in enumerate(self.name)) % 16**12
        return f"{self.type}--6f1f27d1-8d9e-5bf1-a1f8-{number:012x}"


def described(one: Asked) -> dict[str, Any]:
    """As the API describes it."""
    marking = {"definition_type": "TLP", "definition": one.tlp, "id": one.tlp, "standard_id": MARKINGS[one.tlp]}
    return {
        "id": one.name,
        "standard_id": one.id,
        "entity_type": one.entity_type,
        "observable_value": str(one.about),
        "objectMarking": [marking],
    }


def message(one: Asked) -> dict[str, Any]:
    """As the queue has it."""
    entity = {"type": one.type, "spec_version": "2.1", "id": one.id, "object_marking_refs": [MARKINGS[one.tlp]]}
    objects = [{**entity, **one.about}]
    event: dict[str, Any] = {"entity_id": one.id, "entity_type": one.entity_type}
    internal: dict[str, Any] = {"work_id": one.name, "applicant_id": None}
    if one.in_playbook:
        event["bundle"] = {"type": "bundle", "objects": objects}
        names = ("event_id", "execution_id", "playbook_id", "data_instance_id", "step_id", "previous_step_id")
        internal["playbook"] = {name: name for name in names}
    else:
        event.update(stix_objects=json.dumps(objects), stix_entity=json.dumps(objects[0]))
    return {"event": event, "internal": internal}


def handed(
    referee: Referee, connector: Path, fake: FakeOpenCti, server: str, token: str, asked: Sequence[Asked], folder: Path
) -> str:
    """Hands messages about all of them to the connector. What it printed."""
    environment = {
        "OPENCTI_URL": fake.url,
        "OPENCTI_TOKEN": "token-of-opencti",
        "CONNECTOR_ID": "5c5ad3c9-3c39-4c1a-8a6f-c6dd1b0b5f10",
        "CONNECTOR_TYPE": "INTERNAL_ENRICHMENT",
        "CONNECTOR_NAME": "VirusTotal Connectors",
        "CONNECTOR_SCOPE": "StixFile,Domain-Name",
        "CONNECTOR_QUEUE_PROTOCOL": "api",
        "VTCONNECTORS_SERVER_URL": server,
        "VTCONNECTORS_TOKEN": token,
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
    }
    ended = subprocess.run(
        [str(referee.python), str(HOST / "run.py"), str(connector)],
        input=json.dumps([message(one) for one in asked]),
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout + ended.stderr


_TYPES = {
    "hash": ("file", "StixFile"),
    "url": ("url", "Url"),
    "domain": ("domain-name", "Domain-Name"),
    "ip": ("ipv4-addr", "IPv4-Addr"),
}


def ask(setting: Setting, values: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The verdicts on values with their kinds, by the notes."""
    connector = built("opencti", setting.folder) / "vt-connectors/connector.py"
    asked = []
    for kind, value in values:
        hashes = {"hashes": {"MD5" if len(value) == 32 else "SHA-256": value}}
        asked.append(Asked(value, *_TYPES[kind], hashes if kind == "hash" else {"value": value}))
    with opencti({one.id: described(one) for one in asked}) as fake:
        setting.begin()
        handed(installed("pycti"), connector, fake, setting.server, setting.token, asked, setting.folder)
    found = {}
    for bundle in fake.pushed:
        (note,) = [item for item in bundle["objects"] if item["type"] == "note"]
        (name,) = [one.name for one in asked if one.id in note["object_refs"]]
        verdict = re.search(r"\| Verdict \| (\w+) \|", note["content"])
        found[name] = verdict.group(1) if verdict else note["content"]
    return found
