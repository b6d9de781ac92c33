"""The field that a search names: the warning if no event has it, and unchanged fields of events."""

from __future__ import annotations

from typing import Any

import pytest

from package.splunkd_driver.driver import SearchInfo
from vt_connectors.sandbox import SandboxServer

from .searching import CLEAN_IP, EICAR_MD5, Lookup, added, normal, only_message, statuses

EVENTS = [{"md5": EICAR_MD5, "host": "a"}, {"md5": EICAR_MD5, "host": "b"}]


@pytest.mark.parametrize("selected", [True, False])
@pytest.mark.parametrize(
    ("option", "there", "named", "nearest"),
    [
        ("hash=MD5", "md5", "MD5", "md5"),
        ("hash=md5", "MD5", "md5", "MD5"),
        ("hash=hashes", "Hashes", "hashes", "Hashes"),
        ("hash='md5'", "md5", "\"'md5'\"", "md5"),
        ('hash="md5"', "md5", "'\"md5\"'", "md5"),
        ("hash=$md5$", "md5", "'$md5$'", "md5"),
        ("hash=md5 ", "md5", "'md5 '", "md5"),
        ("hash=md5", "md5 ", "md5", "'md5 '"),
        ("hash=md5", " md5", "md5", "' md5'"),
        ("hash=file-hash", "file_hash", "file-hash", "file_hash"),
        ("hash=file_hash", "file.hash", "file_hash", "file.hash"),
        ("hash=FileHash", "filehash", "FileHash", "filehash"),
        ("hash=FileHash", "file_hash", "FileHash", "file_hash"),
        ("hash=file_hash", "FileHash", "file_hash", "FileHash"),
        ("hash=file hash", "fileHash", "'file hash'", "fileHash"),
        ("hash=hash", "Hashes", "hash", "Hashes"),
        ("hash=hashes", "hash", "hashes", "hash"),
    ],
)
def test_a_field_that_no_event_has_is_one_warning_with_the_nearest(
    lookup: Lookup, sandbox: SandboxServer, selected: bool, option: str, there: str, named: str, nearest: str
) -> None:
    events = [{there: EICAR_MD5, "host": "a"}, {there: EICAR_MD5, "host": "b"}]
    result = lookup([events, events], option, select_fields=selected)
    assert only_message(result) == f"vtlookup: no event has the field {named}; the nearest is {nearest}"
    assert statuses(result) == [""] * 4
    assert [{name: record[name] for name in events[0]} for record in result.records] == events * 2
    assert sandbox.all_requests == []


@pytest.mark.parametrize("selected", [True, False])
def test_a_list_of_fields_is_an_error_that_asks_for_single_names(lookup: Lookup, selected: bool) -> None:
    events = [{"md5": EICAR_MD5, "sha256": "0" * 64}]
    reported = only_message(lookup([events], "hash=md5,sha256", select_fields=selected))
    assert reported == (
        "vtlookup: no event has the field 'md5,sha256'; the nearest are md5, sha256; name one field for each vtlookup"
    )


@pytest.mark.parametrize(
    ("option", "value"),
    [("hash", EICAR_MD5), ("ip", CLEAN_IP), ("ioc", "http://evil.example/a"), ("domain", "a.example")],
)
@pytest.mark.parametrize("selected", [True, False])
def test_a_value_in_place_of_a_field_is_reported(lookup: Lookup, option: str, value: str, selected: bool) -> None:
    reported = only_message(lookup([[{"host": "a"}]], f"{option}={value}", select_fields=selected))
    assert "no event has the field " in reported
    assert reported.endswith("; if it is a value and not the name of a field, use | vtreport value=...")


def test_a_misspelt_field_is_reported_with_what_can_be_known(lookup: Lookup) -> None:
    whole = only_message(lookup([EVENTS], "hash=mb5", select_fields=False))
    assert whole == "vtlookup: no event has the field mb5; the nearest is md5"
    some = only_message(lookup([EVENTS], "hash=mb5"))
    assert some == (
        "vtlookup: no event has the field mb5; check its spelling (| fieldsummary lists the fields that events have)"
    )
    far = only_message(lookup([[{f"f{number}": "1" for number in range(8)}]], "hash=checksum", select_fields=False))
    assert far == "vtlookup: no event has the field checksum; the events have f0, f1, f2, f3, f4 and 3 more"


def test_a_name_of_any_length_and_kind_is_shown_short_and_in_one_line(lookup: Lookup) -> None:
    reported = only_message(lookup([EVENTS], "hash=" + "x\n{0}" * 2000))
    assert len(reported) < 300
    assert "\n" not in reported


@pytest.mark.parametrize("selected", [True, False])
@pytest.mark.parametrize("name", ["md5 ", " md5", "my field", "md5,sha256", EICAR_MD5])
def test_a_field_is_named_exactly_as_it_is(lookup: Lookup, name: str, selected: bool) -> None:
    result = normal(lookup([[{name: EICAR_MD5, "host": "a"}]], f"hash={name}", select_fields=selected))
    assert (statuses(result), result.records[0][name]) == (["ok"], EICAR_MD5)


@pytest.mark.parametrize(
    "chunks",
    [
        [[]],
        [[{"md5": ""}]],
        [[{"md5": "-"}, {"md5": " "}]],
        [[{"host": "a"}], [{"md5": EICAR_MD5}]],
        [[{"md5": EICAR_MD5}], [{"host": "a"}]],
        [[{"md5": EICAR_MD5, "MD5": EICAR_MD5}]],
        [[{"md5": "", "host": "a"}]],
    ],
    ids=repr,
)
@pytest.mark.parametrize("selected", [True, False])
def test_a_field_that_is_there_is_no_warning(lookup: Lookup, chunks: Any, selected: bool) -> None:
    normal(lookup(chunks, "hash=md5", select_fields=selected))


def test_a_column_without_any_value_beside_one_that_has_them_is_reported(lookup: Lookup) -> None:
    """splunkd may send a column for each field that is asked for, whether events have it or not."""
    replies = []
    with lookup.process() as process:
        process.exchange(SearchInfo(["hash=MD5"], dispatch_dir=str(lookup.home)).as_metadata())
        body = f'MD5,md5,"_chunked_idx"\n,{EICAR_MD5},0\n,,1\n'.encode()
        replies.append(process.exchange({"action": "execute", "finished": False}, body))
        replies.append(process.exchange({"action": "execute", "finished": True}, b""))
        process.finish()
    texts = [text for reply in replies if reply is not None for _, text in reply.messages]
    assert texts == ["vtlookup: no event has a value in the field MD5; the nearest is md5"]


def test_a_preview_says_nothing_of_the_field(lookup: Lookup) -> None:
    (reply,) = lookup.raw("md5\nx\n", args=["hash=MD5"], preview=True)
    assert reply.messages == []


# Fields of the events' own


@pytest.mark.parametrize("selected", [True, False])
def test_a_prefix_overwrites_none_of_the_events_own_fields_and_says_which(lookup: Lookup, selected: bool) -> None:
    events = [
        {"dest_ip": CLEAN_IP, "dest_owner": "accounts", "dest_type": "server", "host": "a"},
        {"dest_ip": "", "dest_owner": "nobody", "dest_type": "", "host": "b"},
        {"dest_ip": "-", "dest_owner": "somebody", "dest_type": "printer", "host": "c"},
    ]
    result = lookup([events, events], "ip=dest_ip", "prefix=dest_", select_fields=selected)
    assert only_message(result) == (
        "vtlookup: events have fields of their own called dest_type, dest_owner, which were kept: "
        "choose another prefix=, or remove them first"
    )
    assert [{name: record[name] for name in events[0]} for record in result.records] == events * 2
    assert [record["dest_verdict"] for record in result.records] == ["undetected", "", ""] * 2


def test_a_field_of_the_events_own_that_comes_later_is_kept_too(lookup: Lookup) -> None:
    first, second = {"dest_ip": CLEAN_IP}, {"dest_ip": CLEAN_IP, "dest_country": "here"}
    result = lookup([[first], [second], [first]], "ip=dest_ip", "prefix=dest_")
    assert "called dest_country, which were kept" in only_message(result)
    assert [record.get("dest_country") for record in result.records] == ["US", "here", None]
    assert [record["dest_verdict"] for record in result.records] == ["undetected"] * 3


@pytest.mark.parametrize("selected", [True, False])
def test_a_prefix_that_no_own_field_has_is_no_warning(lookup: Lookup, selected: bool) -> None:
    events = [{"dest_ip": CLEAN_IP, "dest_port": "443"}]
    [record] = normal(lookup([events], "ip=dest_ip", "prefix=dest_", select_fields=selected)).records
    assert (record["dest_port"], record["dest_country"]) == ("443", "US")


@pytest.mark.parametrize("selected", [True, False])
def test_what_an_earlier_lookup_added_is_replaced_whatever_the_prefix(lookup: Lookup, selected: bool) -> None:
    events = [{"src": EICAR_MD5, "dest": CLEAN_IP}, {"src": EICAR_MD5, "dest": ""}]
    first = normal(lookup([events], "ioc=src", "prefix=x_", select_fields=selected))
    second = normal(lookup([first.records], "ioc=dest", "prefix=x_", select_fields=selected))
    assert [added(record, "x_")["verdict"] for record in second.records] == ["undetected", ""]
    assert [added(record, "x_")["names"] for record in second.records] == ["", ""]
