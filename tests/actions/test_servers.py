"""Answers, leases and queued lookups belong to one server."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import pytest

from tests.responses import error_of
from vt_connectors.actions.cache_listing import newest
from vt_connectors.actions.drain import DrainLimits
from vt_connectors.config.settings import VIRUSTOTAL, Settings
from vt_connectors.contract.documents import Options

from .several import Played, Several, file_object, said

SANDBOX, GATEWAY = "http://127.0.0.1:9", "https://gateway.example/vt"
SHA256 = "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"
LOOKUP = {"action": "lookup_hash", "params": {"hash": SHA256}}


def virustotal(malicious: int, *, holds: bool = False) -> Played:
    return Played(lambda request: said({"data": file_object(request.url[-64:], malicious)}), holds=holds)


def reported(answer: Mapping[str, Any]) -> tuple[str, int]:
    meta, data = answer["meta"], answer["data"]
    assert isinstance(meta, dict)
    assert isinstance(data, dict)
    return meta["source"], data["stats"]["malicious"]


def test_an_answer_of_one_server_is_not_used_for_another(several: Several) -> None:
    servers = {VIRUSTOTAL: virustotal(1), SANDBOX: virustotal(2), GATEWAY: virustotal(3)}
    cores = {url: several.core(played, VT_API_URL=url) for url, played in servers.items()}
    assert [reported(core.answer(LOOKUP)) for core in cores.values()] == [("api", 1), ("api", 2), ("api", 3)]
    again = [several.core(played, VT_API_URL=url) for url, played in servers.items()]
    assert [reported(core.answer(LOOKUP)) for core in again] == [("cache", 1), ("cache", 2), ("cache", 3)]
    cached = [core.look_up_at_hand("hash", [SHA256], Options()) for core in again]
    assert [reported(found[SHA256]) for found in cached] == [("cache", 1), ("cache", 2), ("cache", 3)]
    assert [[kept.malicious for kept in newest(core.context, 9)] for core in again] == [[1], [2], [3]]


def test_a_server_that_said_nothing_yet_has_nothing_cached(several: Several) -> None:
    several.core(virustotal(1)).answer(LOOKUP)
    other = several.core(virustotal(2), VT_API_URL=SANDBOX)
    assert other.look_up_at_hand("hash", [SHA256], Options()) == {}
    assert other.answer({**LOOKUP, "options": {"cache": "only"}})["data"]["reason"] == "not_cached"
    assert newest(other.context, 9) == []


def test_a_lookup_does_not_wait_for_another_servers_answer(several: Several) -> None:
    slow, quick = virustotal(1, holds=True), virustotal(2)
    core, other = several.core(slow), several.core(quick, VT_API_URL=SANDBOX)
    leader = threading.Thread(target=core.answer, args=(LOOKUP,))
    leader.start()
    assert slow.is_asked.wait(60)
    assert reported(other.answer(LOOKUP)) == ("api", 2)
    slow.go_on.set()
    leader.join()


def test_what_is_queued_is_drained_from_the_server_it_was_meant_for(several: Several) -> None:
    ours, theirs = virustotal(1), virustotal(2)
    now = {**LOOKUP, "options": {"max_wait_s": 0}}
    core = several.core(ours, VT_QUOTA="1/day")
    core.answer({"action": "lookup_hash", "params": {"hash": "0" * 64}})
    assert error_of(core.answer(now))["code"] == "rate_limited"
    other = several.core(theirs, VT_API_URL=SANDBOX)
    assert other.drain(DrainLimits(keep=0))[:2] == (0, 0)
    assert other.context.pending.stats()["entries"] == 0
    assert several.core(ours, key="m" * 64).drain(DrainLimits(keep=0)).answered == 1
    assert theirs.asked == []


@pytest.mark.parametrize(
    ("url", "space"),
    [
        ("https://www.virustotal.com", "3"),
        ("https://WWW.VirusTotal.com", "3"),
        ("https://www.virustotal.com:443/", "3"),
        ("http://127.0.0.1:8080", "3@http%3A%2F%2F127.0.0.1%3A8080"),
        ("http://[::1]:8080/", "3@http%3A%2F%2F%5B%3A%3A1%5D%3A8080"),
        ("https://gateway.example/vt", "3@https%3A%2F%2Fgateway.example%2Fvt"),
        ("https://gateway.example:443/vt/", "3@https%3A%2F%2Fgateway.example%2Fvt"),
        ("https://www.virustotal.com:8443", "3@https%3A%2F%2Fwww.virustotal.com%3A8443"),
    ],
)
def test_a_server_is_the_same_in_each_spelling_and_virustotals_own_caches_stay_valid(url: str, space: str) -> None:
    assert Settings(api_url=url).space == space
    assert Settings(api_url=url, api_version="2").space == "2" + space[1:]
