"""API v2's calls on comments."""

from __future__ import annotations

import pytest

from .calling import EICAR_MD5, EICAR_SHA1, EICAR_SHA256, NOON, Caller, SettableClock, V2Caller, base64_id

URL = "http://malicious.example/payload.bin"
POSTED = {"response_code": 1, "verbose_msg": "Your comment was successfully posted"}


@pytest.mark.parametrize("resource", [EICAR_MD5, EICAR_SHA1, EICAR_SHA256, f"{EICAR_SHA256}-{int(NOON)}"])
def test_a_file_is_named_by_hash_or_scan_id(v2: V2Caller, resource: str) -> None:
    assert v2.told("comments/put", resource=resource, comment="seen #here") == POSTED
    newest = v2.told("comments/get", resource=resource)["comments"][0]
    assert newest == {"date": "20251009120000", "comment": "seen #here"}


def test_a_url_is_named_by_itself_or_its_scan_id(v2: V2Caller) -> None:
    scan_id = v2.told("url/report", resource=URL)["scan_id"]
    assert v2.told("comments/put", resource=URL, comment="one") == POSTED
    assert v2.told("comments/put", resource=scan_id, comment="two") == POSTED
    assert len(Caller(v2.url).data(f"urls/{base64_id(URL)}/comments")) == 2


def test_comments_are_the_same_in_both_versions(v2: V2Caller) -> None:
    v3 = Caller(v2.url)
    v2.told("comments/put", resource=EICAR_MD5, comment="by v2 #old")
    v3.comment("files", EICAR_SHA256, "by v3")
    newest = v3.data(f"files/{EICAR_SHA256}/comments")
    assert [row["attributes"]["text"] for row in newest[:2]] == ["by v3", "by v2 #old"]
    assert newest[1]["attributes"]["tags"] == ["old"]
    found = v2.told("comments/get", resource=EICAR_MD5)["comments"]
    assert [row["comment"] for row in found[:2]] == ["by v3", "by v2 #old"]


def test_the_same_comment_twice_is_a_duplicate_in_either_version(v2: V2Caller) -> None:
    Caller(v2.url).comment("files", EICAR_SHA256, "once")
    expected = {"response_code": 0, "verbose_msg": "Duplicate comment"}
    assert v2.told("comments/put", resource=EICAR_MD5, comment="once") == expected


@pytest.mark.parametrize(
    ("resource", "said"),
    [
        ("0" * 64, "Could not find resource"),
        ("http://unknown.example/", "Could not find resource"),
        ("nothing of the kind", "Invalid resource"),
    ],
)
def test_a_comment_on_an_invalid_resource_is_refused(v2: V2Caller, resource: str, said: str) -> None:
    expected = {"response_code": 0, "verbose_msg": said}
    assert v2.told("comments/put", resource=resource, comment="x") == expected
    assert v2.told("comments/get", resource=resource)["response_code"] == 0


def test_comments_come_by_25_and_the_rest_by_date(v2: V2Caller, clock: SettableClock) -> None:
    for number in range(30):
        v2.post("comments/put", resource=URL, comment=f"number {number}")
        clock.advance(60)
    first = v2.told("comments/get", resource=URL)["comments"]
    assert [row["comment"] for row in first] == [f"number {n}" for n in range(29, 4, -1)]
    rest = v2.told("comments/get", resource=URL, before=first[-1]["date"])["comments"]
    assert [row["comment"] for row in rest] == [f"number {n}" for n in range(4, -1, -1)]


def test_an_invalid_date_is_400(v2: V2Caller) -> None:
    assert v2.get("comments/get", resource=URL, before="yesterday").status_code == 400
