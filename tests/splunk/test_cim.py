"""Verdicts of alerts are in the data model Alerts, as Splunk's own definitions of it want them."""

from __future__ import annotations

import functools
import re
from typing import Any

import pytest

from package.spl.referee import data_models
from tests.bundles.installed import installed
from tests.package.conf_reader import read_conf
from tests.package.search_time import Fields, eventtypes_of, extracted, fields_of, tags_of
from tests.package.spl_fields import SPLUNKS_OWN, fields_after
from tests.package.spl_reader import PROJECT, refuse_unknown
from vtlookup_app.endpoint.verdict_request import LINKS
from vtlookup_app.result_fields import LISTS, PREFIX

from .alerting import Alert, events
from .fake_splunkd import FakeSplunkd
from .searching import CLEAN_IP, EICAR_MD5, Lookup

DEFAULT = PROJECT / "splunk_app/default"
VERDICT = "vtlookup:verdict"
PROPS = read_conf(DEFAULT / "props.conf")
EVENTTYPES, TAGS = read_conf(DEFAULT / "eventtypes.conf"), read_conf(DEFAULT / "tags.conf")
MODEL = "Alerts.Alerts"
# The data model fills these with "unknown" if an event has no such field: a hash is neither, and the address of a URL
# may be either.
NOT_IN_EVERY_EVENT = {"src", "dest"}
FOUND = {
    "md5": EICAR_MD5,
    "query": "malicious.example",
    "src_domain": "suspicious.example",
    "dest_ip": CLEAN_IP,
    "ip": "10.0.0.1",
    "url": "not an indicator",
}


@pytest.fixture(scope="module")
def models() -> dict[str, dict[str, Any]]:
    installed("splunk")
    return data_models()


@functools.cache
def _verdicts() -> dict[str, Fields]:
    """Filled by the first test that needs them."""
    return {}


@pytest.fixture
def verdicts(request: pytest.FixtureRequest) -> dict[str, Fields]:
    """The events of an alert by the field of their indicator, with the fields that Splunk adds at search time."""
    found = _verdicts()
    if not found:
        found.update(_of_alert(request.getfixturevalue("keyless"), request.getfixturevalue("splunkd")))
    return found


def _of_alert(keyless: Lookup, splunkd: FakeSplunkd) -> dict[str, Fields]:
    splunkd.settings = {**splunkd.settings, "verdict_indexes": "threat"}
    rows = [{**FOUND, "orig_sid": "a", "rid": "0"}, {**FOUND, "orig_sid": "b", "rid": "1"}]
    Alert("vt_alert_lookup", keyless, splunkd)(rows, fields=", ".join(FOUND))
    found = {event["field"]: fields_of(event, PROPS[VERDICT]) for event in events(splunkd)}
    assert set(found) == set(FOUND)
    return found


def _tags(fields: Fields) -> set[str]:
    return tags_of(eventtypes_of(fields, VERDICT, EVENTTYPES), TAGS)


def _required(dataset: dict[str, Any]) -> set[str]:
    return {field["name"] for field in dataset["fields"] if field["type"] == "required"}


def test_only_malicious_and_suspicious_verdicts_are_in_a_data_model(
    verdicts: dict[str, Fields], models: dict[str, dict[str, Any]]
) -> None:
    found = {
        name: {model for model, each in models.items() if any(set(tags) <= _tags(fields) for tags in each["tags"])}
        for name, fields in verdicts.items()
    }
    assert found == {name: {MODEL} if name in ("md5", "query", "src_domain") else set() for name in FOUND}


@pytest.mark.parametrize("name", ["md5", "query", "src_domain"])
def test_an_event_has_the_data_models_required_fields_with_its_values(
    name: str, verdicts: dict[str, Fields], models: dict[str, dict[str, Any]]
) -> None:
    fields, dataset = verdicts[name], models[MODEL]
    assert _required(dataset) - {name for name, value in fields.items() if value} <= NOT_IN_EVERY_EVENT
    allowed = {field["name"]: field["expected_values"] for field in dataset["fields"] if "expected_values" in field}
    assert {"severity", "type"} <= set(allowed)
    assert [name for name, values in allowed.items() if name in fields and fields[name] not in values] == []


def test_the_fields_say_what_was_found(verdicts: dict[str, Fields]) -> None:
    file, source = verdicts["md5"], verdicts["src_domain"]
    assert (file["severity"], file["type"], file["signature"]) == ("high", "alert", file["vt_label"])
    assert file["description"] == f"VirusTotal: malicious, {file['vt_detections']} engines, {EICAR_MD5}"
    assert (file["app"], file["vendor_product"], file["subject"]) == ("VirusTotal", "VirusTotal", "Files on endpoints")
    assert (source["severity"], source["signature"], source["signature_id"]) == (
        "medium",
        "suspicious domain",
        "domain:suspicious",
    )
    assert (verdicts["dest_ip"]["severity"], verdicts["dest_ip"]["type"]) == ("informational", "event")
    assert len({fields["id"] for fields in verdicts.values()}) == len(FOUND)


def test_addresses_and_names_are_sources_or_destinations_by_the_name_of_their_field(
    verdicts: dict[str, Fields],
) -> None:
    ends = {name: (fields.get("src"), fields.get("dest")) for name, fields in verdicts.items()}
    assert ends == {
        **dict.fromkeys(FOUND, (None, None)),
        "query": (None, "malicious.example"),
        "src_domain": ("suspicious.example", None),
        "dest_ip": (None, CLEAN_IP),
    }


def test_the_alerts_search_and_its_notable_events_stay_findable(verdicts: dict[str, Fields]) -> None:
    assert verdicts["md5"]["search_name"] == "Files on endpoints"
    assert (verdicts["md5"]["orig_sid"], verdicts["md5"]["rid"]) == (["a", "b"], ["0", "1"])


def test_the_values_of_a_list_have_the_documented_name(verdicts: dict[str, Fields]) -> None:
    assert isinstance(verdicts["md5"]["vt_detected_by"], list)
    assert [name for name in verdicts["md5"] if name.endswith("{}") and name[:-2] not in verdicts["md5"]] == []


@pytest.mark.parametrize(
    ("sourcetype", "lists"),
    [
        (VERDICT, {*(PREFIX + name for name in LISTS), *LINKS}),
        ("vtlookup:stream", {*(PREFIX + name for name in ("sources", "notification_tags", "names", "tags"))}),
    ],
)
def test_every_field_that_may_be_a_list_has_an_alias(sourcetype: str, lists: set[str]) -> None:
    event = {name: ["a", "b"] for name in lists}
    assert {name for name in extracted(event) if name in lists} == set()
    assert {name for name in fields_of(event, PROPS[sourcetype]) if name in lists} == lists


def test_a_value_that_is_no_list_stays(verdicts: dict[str, Fields]) -> None:
    assert fields_of({"rid": "0"}, PROPS[VERDICT])["rid"] == "0"


def test_fields_that_asset_and_identity_lookups_fill_are_left_to_them(verdicts: dict[str, Fields]) -> None:
    filled = re.compile(r"(dest|src|user|dvc)_(bunit|category|priority)|tag")
    assert [name for fields in verdicts.values() for name in fields if filled.fullmatch(name)] == []


SEARCHES = read_conf(DEFAULT / "savedsearches.conf")
MACROS = read_conf(DEFAULT / "macros.conf")
OF_VERDICTS = [name for name, settings in SEARCHES.items() if "`vt_verdict_events`" in settings["search"]]


def _expanded(search: str) -> str:
    return re.sub(r"`(\w+)`", lambda match: MACROS[match[1]]["definition"], search)


@pytest.mark.parametrize("name", OF_VERDICTS)
def test_a_saved_search_uses_fields_that_the_events_have(name: str, verdicts: dict[str, Fields]) -> None:
    known = {*SPLUNKS_OWN, "eventtype", "tag", *(field for fields in verdicts.values() for field in fields)}
    search = _expanded(SEARCHES[name]["search"])
    refuse_unknown(search)
    fields = fields_after(search, {VERDICT: known})
    texts = " ".join(text for setting, text in SEARCHES[name].items() if setting.startswith("action.notable"))
    named = set(re.findall(r"\$(\w+)(?:\|s)?\$", texts)) - {"info_min_time", "info_max_time"}
    assert named <= fields
    assert set(re.findall(r"eventtype=(\w+)", search)) <= set(EVENTTYPES)


def test_there_is_a_report_and_an_example_of_a_correlation_search() -> None:
    report, rule = (SEARCHES[name] for name in OF_VERDICTS)
    assert "cron_schedule" not in report
    assert (rule["disabled"], rule["action.correlationsearch.enabled"], rule["action.notable"]) == ("1", "1", "1")


def test_no_value_of_an_event_becomes_part_of_a_drilldown_search() -> None:
    drilldowns = [
        text for each in SEARCHES.values() for name, text in each.items() if name.endswith("drilldown_search")
    ]
    assert drilldowns
    for text in drilldowns:
        assert [token for token in re.findall(r"\$[^$]+\$", text) if not token.endswith("|s$")] == []
