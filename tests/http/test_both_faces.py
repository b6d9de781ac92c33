"""Clients of the contract and of VirusTotal's own API share one cache and one quota."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.soak import both_faces
from bench.soak.drill import Effort, assert_nothing_lost

from .serving import READER, serving

EICAR = {
    "md5": "44d88612fea8a8f36de82e1278abb02f",
    "sha1": "3395856ce81f2b7382dee72602f798b642f14140",
    "sha256": "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f",
}


@pytest.mark.once
def test_sixteen_clients_on_both_interfaces_cost_one_request_for_each_hash(tmp_path: Path) -> None:
    assert_nothing_lost(both_faces.tallies(Effort(tmp_path)))


@pytest.mark.parametrize("first", EICAR)
def test_a_report_by_one_interface_answers_the_other_under_every_hash_of_the_file(tmp_path: Path, first: str) -> None:
    with serving(tmp_path) as server:
        assert server.run({"action": "lookup_hash", "params": {"hash": EICAR[first]}})["meta"]["source"] == "api"
        for value in EICAR.values():
            reply = server.call("GET", f"/api/v3/files/{value.upper()}", None, {"x-apikey": READER})
            assert reply.json()["data"]["id"] == EICAR["sha256"]
            assert reply.headers["X-Vtaction-Source"] == "cache"
        assert len(server.sandbox.requests) == 1


def test_a_report_by_the_pass_through_answers_a_lookup(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        assert server.call("GET", f"/api/v3/files/{EICAR['md5']}", None, {"x-apikey": READER}).status_code == 200
        found = server.run({"action": "lookup_hash", "params": {"hash": EICAR["sha1"]}})
        assert (found["data"]["verdict"], found["meta"]["source"]) == ("malicious", "cache")
        assert len(server.sandbox.requests) == 1
