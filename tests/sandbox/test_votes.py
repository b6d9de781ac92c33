"""Votes on indicators, and comments by their ids."""

from __future__ import annotations

import pytest
import requests

from vt_connectors.sandbox import SandboxServer

from .calling import EICAR_SHA256, NOON, Caller, base64_id, error_of

URL = "http://malicious.example/payload.bin"


def vote(caller: Caller, path: str, verdict: str = "malicious") -> requests.Response:
    return caller.post(f"{path}/votes", json={"data": {"type": "vote", "attributes": {"verdict": verdict}}})


def url_id(caller: Caller) -> str:
    found: str = caller.data(f"urls/{base64_id(URL)}")["id"]
    return found


@pytest.mark.parametrize("path", [f"files/{EICAR_SHA256}", "domains/example.com", "ip_addresses/8.8.8.8", "urls"])
def test_a_vote_is_listed_first_and_counted(caller: Caller, path: str) -> None:
    path = f"urls/{url_id(caller)}" if path == "urls" else path
    before = caller.data(path)["attributes"]["total_votes"]
    cast = vote(caller, path, "harmless").json()["data"]
    assert cast["attributes"] == {"date": int(NOON), "verdict": "harmless", "value": 1}
    assert caller.data(f"{path}/votes?limit=1") == [cast]
    assert caller.data(path)["attributes"]["total_votes"] == {**before, "harmless": before["harmless"] + 1}
    assert caller.data(f"{path}/user_votes") == [cast]


def test_votes_of_a_report_can_be_read(caller: Caller) -> None:
    counts = caller.data("domains/malicious.example")["attributes"]["total_votes"]
    votes = caller.data("domains/malicious.example/votes?limit=40")
    verdicts = [row["attributes"]["verdict"] for row in votes]
    assert {verdict: verdicts.count(verdict) for verdict in counts} == counts


def test_a_second_vote_of_the_same_account_is_a_conflict(sandbox: SandboxServer, caller: Caller) -> None:
    assert vote(caller, "domains/example.com").status_code == 200
    status, code, message = error_of(vote(caller, "domains/example.com", "harmless"))
    assert (status, code) == (409, "AlreadyExistsError")
    assert message.endswith('already voted "malicious" for this domain')
    assert vote(caller, "ip_addresses/8.8.8.8").status_code == 200
    assert vote(Caller(sandbox.url, key="another"), "domains/example.com").status_code == 200


def test_a_vote_on_a_url_needs_its_hash(caller: Caller) -> None:
    ident = base64_id(URL)
    assert error_of(vote(caller, f"urls/{ident}")) == (404, "NotFoundError", f'Item "{ident}" type "URL" not found')


@pytest.mark.parametrize(
    "body", ["", "[]", '{"data":"malicious"}', '{"data":{"type":"vote","attributes":{"verdict":"x"}}}']
)
def test_a_malformed_vote_is_refused(caller: Caller, body: str) -> None:
    assert error_of(caller.post("domains/example.com/votes", data=body))[:2] == (400, "BadRequestError")


def test_a_comment_is_found_voted_on_and_deleted_by_its_id(caller: Caller) -> None:
    posted = caller.comment("domains", "example.com", "Mine #today").json()["data"]
    path = f"comments/{posted['id']}"
    assert caller.data(path) == posted
    assert caller.post(f"{path}/vote", json={"data": "positive"}).json()["data"] == {
        "positive": 1,
        "negative": 0,
        "abuse": 0,
    }
    assert caller.data(path)["attributes"]["votes"]["positive"] == 1
    assert [row["id"] for row in caller.data("comments?filter=tag:today")] == [posted["id"]]
    assert caller.session.delete(f"{caller.base}/{path}", timeout=60).status_code == 200
    assert error_of(caller.get(path))[:2] == (404, "NotFoundError")
    assert caller.data("domains/example.com/comments") == []
    again = caller.comment("domains", "example.com", "Mine #today").json()["data"]
    assert again["id"] != posted["id"]


def test_a_comment_of_somebody_else_cannot_be_deleted(sandbox: SandboxServer, caller: Caller) -> None:
    posted = Caller(sandbox.url, key="another").comment("domains", "example.com", "Theirs").json()["data"]
    answer = caller.session.delete(f"{caller.base}/comments/{posted['id']}", timeout=60)
    assert error_of(answer)[:2] == (403, "ForbiddenError")
    assert caller.data(f"comments/{posted['id']}") == posted


def test_a_rescan_of_any_kind_is_followed_to_its_end(caller: Caller) -> None:
    for path in (f"files/{EICAR_SHA256}", f"urls/{url_id(caller)}", "domains/example.com", "ip_addresses/8.8.8.8"):
        started = caller.post(f"{path}/analyse").json()["data"]
        assert caller.data(f"analyses/{started['id']}")["attributes"]["status"] == "queued"
        assert caller.data(f"analyses/{started['id']}/item")["id"] == caller.data(path)["id"]
