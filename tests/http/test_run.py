"""`POST /v1/run`."""

from __future__ import annotations

from pathlib import Path

from .serving import READER, serving

EICAR = "44d88612fea8a8f36de82e1278abb02f"


def test_a_lookup_over_http_has_the_response_of_the_contract_and_the_second_one_is_cached(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        request = {"action": "lookup_hash", "params": {"hash": EICAR}}
        first, second = server.run(request, READER), server.run(request, READER)
    assert (first["status"], first["meta"]["source"]) == ("ok", "api")
    assert (second["status"], second["meta"]["source"]) == ("ok", "cache")


def test_a_call_without_a_token_is_refused(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        assert server.call("POST", "/v1/run", None, data="{}").status_code == 401
        assert server.call("POST", "/v1/run", "wrong", data="{}").status_code == 401
