"""The Tines stories: in the form that public exports have, whole, and asking VirusTotal what they say.

No tenant of Tines is here: what a story asks is worked out from its formulas and sent to the sandbox instead.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from package.exports import tines
from package.exports.tines_requests import BASE_URL, CREDENTIAL, SERVER_URL, TOKEN, calls
from package.exports.tines_story import EVENT_TRANSFORM, HTTP_REQUEST, TRIGGER, slug
from tests.http.serving import EVERYTHING, serving
from vt_connectors.actions import ACTIONS
from vt_connectors.contract.validation import violation
from vt_connectors.sandbox import EVERY_LICENCE, Quota, SandboxConfig, SandboxServer
from vt_connectors.virustotal.endpoints import V2_ENDPOINTS, V3_ENDPOINTS

Story = dict[str, Any]
STORIES = tines.stories()
# What every action of an export has, and what its options need.
AGENT_KEYS = {
    "type", "name", "disabled", "description", "guid", "origin_story_identifier", "options", "reporting", "monitoring",
    "template", "width", "schedule",
}  # fmt: skip
OPTIONS = {HTTP_REQUEST: {"url", "content_type", "method"}, TRIGGER: {"rules"}, EVENT_TRANSFORM: {"mode"}}
STORY_KEYS = {
    "schema_version", "standard_lib_version", "action_runtime_version", "name", "description", "guid", "slug", "agents",
    "diagram_notes", "links", "diagram_layout", "exported_at", "keep_events_for", "send_to_story_enabled",
}  # fmt: skip
RULES = {"regex", "!regex", "field<value", "field>=value"}


@pytest.fixture(params=sorted(STORIES))
def story(request: pytest.FixtureRequest) -> Story:
    return STORIES[request.param]


def named(story: Story) -> dict[str, dict[str, Any]]:
    """The actions by the name that formulas know them by."""
    return {slug(agent["name"]): agent for agent in story["agents"]}


def texts(value: Any) -> Iterator[str]:
    """Every text in a JSON value."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)
    elif isinstance(value, str):
        yield value


def formulas(value: Any) -> Iterator[str]:
    for text in texts(value):
        yield from re.findall(r"<<(.*?)>>", text)
        if text.startswith("="):
            yield text[1:]


def test_it_has_what_an_export_has(story: Story) -> None:
    assert set(story) >= STORY_KEYS
    for agent in story["agents"]:
        assert set(agent) == AGENT_KEYS
        assert set(agent["options"]) >= OPTIONS[agent["type"]]
        assert re.fullmatch(r"[0-9a-f]{32}", agent["guid"])
        for rule in agent["options"].get("rules", []):
            assert set(rule) == {"type", "value", "path"}
            assert rule["type"] in RULES


def test_ids_and_names_are_unique(story: Story) -> None:
    guids = [agent["guid"] for agent in story["agents"]]
    assert len(set(guids)) == len(guids) == len(named(story))
    assert len({other["guid"] for other in STORIES.values()}) == len(STORIES)


def test_links_join_actions_that_are_there_and_leave_none_alone(story: Story) -> None:
    count = len(story["agents"])
    linked = set()
    for link in story["links"]:
        assert set(link) == {"source", "receiver"}
        assert 0 <= link["source"] < count
        assert 0 <= link["receiver"] < count
        linked |= {link["source"], link["receiver"]}
    assert linked == set(range(count))


def test_every_action_has_its_own_place_on_the_storyboard(story: Story) -> None:
    places = json.loads(story["diagram_layout"])
    assert set(places) == {agent["guid"] for agent in story["agents"]}
    assert len({tuple(place) for place in places.values()}) == len(places)


def test_formulas_refer_to_what_is_there(story: Story) -> None:
    known = {*named(story), "CREDENTIAL", "RESOURCE"}
    for agent in story["agents"]:
        for formula in formulas(agent["options"]):
            roots = re.findall(r"(?<![.\w])([A-Za-z_]\w*)\.[a-z]", re.sub(r'"[^"]*"', "", formula))
            assert roots
            assert set(roots) <= known, formula


def test_it_says_what_is_public_and_that_it_was_not_tried_in_tines(story: Story) -> None:
    assert "not imported into a live tenant" in story["description"]
    assert "public" in story["description"]


def test_no_key_is_in_it_but_the_credential(story: Story) -> None:
    for agent in story["agents"]:
        options = agent["options"]
        if "url" in options:
            own = TOKEN if options["url"].startswith(SERVER_URL) else CREDENTIAL
            assert own in json.dumps(options)


def test_out_of_quota_waits_and_asks_again_a_bounded_number_of_times(story: Story) -> None:
    after: dict[int, list[int]] = {}
    for link in story["links"]:
        after.setdefault(link["source"], []).append(link["receiver"])
    agents = story["agents"]
    loops = 0
    for number, agent in enumerate(agents):
        if agent["type"] == HTTP_REQUEST and number in after:
            again, answered = after[number]
            [count] = after[again]
            [wait] = after[count]
            assert after[wait] == [number]
            assert agents[wait]["options"] == {"mode": "delay", "seconds": 20}
            bound = {
                "type": "field<value",
                "value": "9",
                "path": f"<<DEFAULT({slug(agents[count]['name'])}.round, 0)>>",
            }
            assert bound in agents[again]["options"]["rules"]
            assert agents[again]["options"]["must_match"] == 2
            assert answered not in after
            loops += 1
    assert loops >= 12


@pytest.mark.parametrize(("name", "pattern"), [("virustotal-v3.json", "^429$"), ("virustotal-v2.json", "^204$")])
def test_out_of_quota_is_what_the_version_says(name: str, pattern: str) -> None:
    triggers = [agent for agent in STORIES[name]["agents"] if agent["name"].endswith(": out of quota")]
    assert triggers
    assert {agent["options"]["rules"][0]["value"] for agent in triggers} == {pattern}


def test_the_same_sources_make_the_same_bytes(tmp_path: Path) -> None:
    first, second = tines.write(tmp_path / "1"), tines.write(tmp_path / "2")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    assert sorted(path.name for path in first) == sorted(STORIES)


def test_every_endpoint_and_every_action_has_its_operation() -> None:
    for version, endpoints in (("3", V3_ENDPOINTS), ("2", V2_ENDPOINTS)):
        paths = {asking.request["url"].removeprefix(BASE_URL) for asking in calls(version)}
        for endpoint in endpoints:
            pattern = re.sub(r"\\\{\w+\\\}", "<<[^/]+>>", re.escape(endpoint.path))
            assert any(re.fullmatch(pattern, path) for path in paths), endpoint.path
    requested = [agent for agent in STORIES["virustotal-connector.json"]["agents"] if agent["type"] == HTTP_REQUEST]
    assert [agent["name"] for agent in requested] == list(ACTIONS)


class Playing:
    """Works out what a request action would send, as far as these stories need it."""

    def __init__(self, story: Story, key: str, server: str = "https://vt.example.com") -> None:
        self._actions = named(story)
        self._own = {
            "CREDENTIAL.virustotal": key,
            "CREDENTIAL.vt_connector": key,
            "RESOURCE.vt_connector_url": server,
        }

    def filled(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self.filled(inner) for name, inner in value.items()}
        if isinstance(value, str) and value.startswith("="):
            return self._result(value[1:])
        if isinstance(value, str):
            return re.sub(r"<<(.*?)>>", lambda found: str(self._result(found[1])), value)
        return value

    def _result(self, formula: str) -> Any:
        if formula.startswith(("CREDENTIAL.", "RESOURCE.")):
            return self._own[formula]
        if replaced := re.fullmatch(r'REGEX_REPLACE\((.*), "(.*?)", "(.*?)"\)', formula):
            return re.sub(replaced[2], replaced[3], self._result(replaced[1]))
        if called := re.fullmatch(r"(BASE64URL_ENCODE|BASE64_DECODE)\((.*)\)", formula):
            text = str(self._result(called[2])).encode()
            return base64.urlsafe_b64encode(text).decode() if "ENCODE" in called[1] else base64.b64decode(text)
        action, name = formula.split(".")
        return self._actions[action]["options"]["payload"][name]


def send(options: dict[str, Any], base_url: str) -> requests.Response:
    """The request of an HTTP request action: the payload of a GET is its query."""
    url = options["url"].replace(BASE_URL, base_url)
    payload: dict[str, Any] = options.get("payload", {})
    how = options["content_type"]
    file = payload.pop("file") if how == "data" else None
    return requests.request(
        options["method"],
        url,
        headers=options.get("headers"),
        params=payload if options["method"] == "get" else None,
        data=payload if how in ("form", "data") else None,
        json=payload if payload and how == "application_json" and options["method"] == "post" else None,
        files={"file": (file["filename"], file["contents"])} if file else None,
        timeout=60,
    )


@pytest.mark.parametrize("name", ["virustotal-v3.json", "virustotal-v2.json"])
def test_what_it_asks_is_answered(name: str) -> None:
    story: Story = json.loads(json.dumps(STORIES[name]))
    playing = Playing(story, "sandbox")
    inputs = named(story)
    config = SandboxConfig(queued_s=0, completed_s=0, private_keys=True, licences=EVERY_LICENCE)
    with SandboxServer(Quota.unlimited(), config=config) as server:
        for agent in story["agents"]:
            if agent["type"] != HTTP_REQUEST:
                continue
            answer = send(playing.filled(agent["options"]), server.url)
            assert answer.status_code == 200, (agent["name"], answer.text)
            found = answer.json() if answer.content else {}
            if agent["name"] == "Address for a large file":
                address = found["data"] if "data" in found else found["upload_url"]
                inputs["scan_a_large_file_input"]["options"]["payload"]["address"] = address
            if agent["name"] == "Address for a large private file":
                inputs["scan_a_large_file_privately_input"]["options"]["payload"]["address"] = found["data"]
            if agent["name"] == "Scan a file privately":
                inputs["private_analysis_input"]["options"]["payload"]["id"] = found["data"]["id"]
            if agent["name"] == "Private analysis":
                sha256 = found["meta"]["file_info"]["sha256"]
                inputs["report_on_a_private_file_input"]["options"]["payload"]["id"] = sha256
            if agent["name"] == "Comment" and "comment_by_its_id_input" in inputs:
                for reader in ("comment_by_its_id_input", "delete_a_comment_input"):
                    inputs[reader]["options"]["payload"]["id"] = found["data"]["id"]
            if agent["name"] == "Scan a URL" and "analysis_input" in inputs:
                inputs["analysis_input"]["options"]["payload"]["id"] = found["data"]["id"]


def test_a_value_with_a_slash_reaches_no_other_call() -> None:
    story: Story = json.loads(json.dumps(STORIES["virustotal-v3.json"]))
    named(story)["file_report_input"]["options"]["payload"]["id"] = "x/../../users/me?a#b"
    url = Playing(story, "k").filled(named(story)["file_report"]["options"]["url"])
    assert url == f"{BASE_URL}/api/v3/files/x....usersmeab"


def test_a_path_of_several_segments_does_not_lead_upwards() -> None:
    story: Story = json.loads(json.dumps(STORIES["virustotal-v3.json"]))
    payload = named(story)["any_other_object_input"]["options"]["payload"]
    for path, sent in (("domains/example.com/votes", "domains/example.com/votes"), ("a/../../b?c#d", "a///bcd")):
        payload["path"] = path
        url = Playing(story, "k").filled(named(story)["any_other_object"]["options"]["url"])
        assert url == f"{BASE_URL}/api/v3/{sent}"


def test_the_connectors_story_sends_requests_of_the_contract() -> None:
    story = STORIES["virustotal-connector.json"]
    playing = Playing(story, "k")
    for agent in story["agents"]:
        if agent["type"] == HTTP_REQUEST:
            document = playing.filled(agent["options"]["payload"])
            assert violation("request.json", document) is None
            assert document["params"] == dict(ACTIONS[document["action"]].example)
            ACTIONS[document["action"]].check(document["params"])
    assert "vtaction serve" in story["description"]


def test_the_connectors_story_is_answered_by_the_server(tmp_path: Path) -> None:
    story = STORIES["virustotal-connector.json"]
    config = SandboxConfig(licences=EVERY_LICENCE, private_keys=True)
    with serving(tmp_path, config=config) as server:
        playing = Playing(story, EVERYTHING, server.url)
        for agent in story["agents"]:
            if agent["type"] == HTTP_REQUEST:
                reply = send(playing.filled(agent["options"]), BASE_URL)
                assert reply.status_code == 200, reply.text
                response = reply.json()
                # Samples are never downloaded over HTTP, and some examples name objects that do not exist.
                allowed = {"download_file": ["forbidden"]}.get(agent["name"], [None, "conflict"])
                assert (response["error"] or {}).get("code") in allowed, response
