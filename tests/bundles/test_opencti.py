"""The connector for OpenCTI: OpenCTI's own client in front of a stand-in for its API, and a real server."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from package.bundles.manifest import read_manifest
from package.bundles.opencti.bundle import build
from package.referees.environments import Referee
from tests.bundles.installed import installed
from tests.bundles.opencti_host.graphql import FakeOpenCti, opencti
from tests.bundles.opencti_process import MARKINGS, Asked, described, handed
from tests.http.serving import READER, Serving, serving
from tests.soar.outcomes import EICAR, UNKNOWN_HASH
from vt_connectors.adapters.soar.opencti import EXTENSION

pytestmark = pytest.mark.once

# `spec_version` of the bundle is OpenCTI's addition to STIX 2.1, and so is its extension.
VALIDATE = """
import json, sys, stix2
from stix2validator import ValidationOptions, validate_string
bundle = json.load(sys.stdin)
bundle.pop("spec_version")
for item in bundle["objects"]:
    stix2.parse(item, allow_custom=True, version="2.1")
result = validate_string(json.dumps(bundle), ValidationOptions(version="2.1"))
print([str(error) for error in result.errors])
"""
ASKED = (
    Asked("known", "file", "StixFile", {"hashes": {"MD5": EICAR}}),
    Asked("unknown", "file", "StixFile", {"hashes": {"SHA-256": UNKNOWN_HASH}}),
    Asked("red", "domain-name", "Domain-Name", {"value": "secret.example.com"}, tlp="TLP:RED"),
    Asked("malformed", "url", "Url", {"value": "http//"}),
    Asked("private", "ipv4-addr", "IPv4-Addr", {"value": "10.0.0.1"}),
    Asked("e-mail", "email-addr", "Email-Addr", {"value": "a@example.com"}),
    Asked("domain", "domain-name", "Domain-Name", {"value": "example.com"}, in_playbook=True),
    Asked("red in a playbook", "domain-name", "Domain-Name", {"value": "x.example.com"}, "TLP:RED", True),
)


class Ran(NamedTuple):
    """What is there after all messages. `bundles`: those that were sent, with the id of the observable."""

    fake: FakeOpenCti
    served: Serving
    bundles: Mapping[str, dict[str, Any]]
    output: str


@pytest.fixture(scope="module")
def referee() -> Referee:
    return installed("pycti")


@pytest.fixture(scope="module")
def ran(referee: Referee, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    folder = tmp_path_factory.mktemp("opencti")
    connector = build(read_manifest(), folder) / "connector.py"
    with serving(folder) as server, opencti({one.id: described(one) for one in ASKED}) as fake:
        output = handed(referee, connector, fake, server.url, READER, ASKED, folder)
        by_id = {item["id"]: bundle for bundle in fake.pushed + fake.steps for item in bundle["objects"]}
        yield Ran(fake, server, by_id, output)


def asked(name: str) -> Asked:
    return next(one for one in ASKED if one.name == name)


def test_the_connector_registers_for_enrichment_and_playbooks(ran: Ran) -> None:
    (registered,) = ran.fake.registered
    assert registered["type"] == "INTERNAL_ENRICHMENT"
    assert registered["playbook_compatible"] is True


def test_each_work_ends_with_what_happened(ran: Ran) -> None:
    works = ran.fake.works
    assert works["known"] == ("malicious: 62 of 68 engines (virus.eicar/test)", False)
    assert works["unknown"] == ("not found: VirusTotal does not know this hash", False)
    assert works["private"][0].startswith("skipped: ")
    assert works["malformed"][0].startswith("invalid_indicator: ")
    assert [name for name, (_, failed) in works.items() if failed] == ["malformed"]
    assert set(works) == {one.name for one in ASKED}


def test_a_known_file_is_changed_and_gets_a_note_and_an_unknown_one_is_left_alone(ran: Ran) -> None:
    known = asked("known")
    bundle = ran.bundles[known.id]
    objects = {item["type"]: item for item in bundle["objects"]}
    assert set(objects) == {"file", "identity", "note"}
    assert objects["file"]["extensions"][EXTENSION]["score"] == 97
    assert objects["file"]["hashes"]["MD5"] == EICAR
    assert objects["note"]["object_refs"] == [known.id]
    assert objects["note"]["object_marking_refs"] == [MARKINGS["TLP:AMBER"]]
    assert asked("unknown").id not in ran.bundles


def test_what_is_marked_higher_is_not_sent(ran: Ran) -> None:
    assert "TLP:RED" in ran.fake.works["red"][0]
    assert "secret" not in str(ran.served.sandbox.requests)
    # A file, an unknown one, and a domain: nothing else was asked about.
    assert len(ran.served.sandbox.requests) == 3


def test_a_playbook_goes_on_with_the_objects_in_any_case(ran: Ran) -> None:
    changed, left = ran.bundles[asked("domain").id], ran.bundles[asked("red in a playbook").id]
    assert [item["type"] for item in changed["objects"]].count("note") == 1
    assert [item["type"] for item in left["objects"]] == ["domain-name"]
    assert len(ran.fake.steps) == 2


def test_what_is_sent_is_stix(ran: Ran, referee: Referee) -> None:
    for name in ("known", "domain"):
        ended = subprocess.run(
            [str(referee.python), "-c", VALIDATE],
            input=json.dumps(ran.bundles[asked(name).id]),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert ended.stdout.strip() == "[]", ended.stdout + ended.stderr


def test_no_token_is_shown(ran: Ran) -> None:
    assert "token-of-opencti" not in ran.output
    assert READER not in ran.output + str(ran.fake.works)


def test_a_wrong_setting_is_named(referee: Referee, tmp_path: Path) -> None:
    connector = build(read_manifest(), tmp_path) / "connector.py"
    environment = {"VTCONNECTORS_MAX_TLP": "secret", "PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    ended = subprocess.run(
        [str(referee.python), str(connector)], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 2
    assert "max_tlp must be one of TLP:CLEAR" in ended.stderr


def test_the_samples_have_the_settings_that_the_connector_reads(tmp_path: Path) -> None:
    folder = build(read_manifest(), tmp_path)
    sample = yaml.safe_load((folder / "config.yml.sample").read_text("utf-8"))
    compose = yaml.safe_load((folder / "docker-compose.yml").read_text("utf-8"))
    given = compose["services"]["connector-vt-connectors"]["environment"]
    code = (folder / "connector.py").read_text("utf-8")
    names = {*sample["vtconnectors"], *(name[13:].lower() for name in given if name.startswith("VTCONNECTORS_"))}
    assert names == {"server_url", "token", "max_tlp", "max_wait"}
    assert all(f'"{name}"' in code for name in names)
    assert sample["connector"]["scope"] == given["CONNECTOR_SCOPE"]
