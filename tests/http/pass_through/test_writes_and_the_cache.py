"""Which cached answers a write ends, as docs/serve.md says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from vt_connectors.sandbox import SandboxConfig

from ..serving import EVERYTHING, Serving, serving
from .v2_calls import EICAR_SHA256, document, get, post

FILE = f"/api/v3/files/{EICAR_SHA256}"
V3 = {"report": FILE, "comments": f"{FILE}/comments", "votes": f"{FILE}/votes", "behaviours": f"{FILE}/behaviours"}
V2 = {"v2 report": "file/report", "v2 comments": "comments/get"}
OF_V3, OF_V2 = set(V3), set(V2)
PRIVATE = SandboxConfig(private_keys=True)


def asked_again(server: Serving) -> set[str]:
    """The answers that do not come from the cache."""
    replies = {name: server.call("GET", path) for name, path in V3.items()}
    replies.update({name: get(server, path, resource=EICAR_SHA256) for name, path in V2.items()})
    assert all(reply.status_code == 200 for reply in replies.values())
    return {name for name, reply in replies.items() if reply.headers["X-Vtaction-Source"] != "cache"}


def _run(server: Serving, action: str, **params: Any) -> None:
    assert server.run({"action": action, "params": params})["status"] in ("ok", "pending")


def _comment(server: Serving) -> None:
    _run(server, "add_comment", indicator=EICAR_SHA256, comment="seen")


def _vote(server: Serving) -> None:
    _run(server, "add_vote", indicator=EICAR_SHA256, verdict="malicious")


def _rescan(server: Serving) -> None:
    _run(server, "rescan_file", hash=EICAR_SHA256, wait_s=0)


def _comment_by_v3(server: Serving) -> None:
    body = {"data": {"type": "comment", "attributes": {"text": "seen"}}}
    assert server.call("POST", f"{FILE}/comments", json=body).status_code == 200


def _comment_by_v2(server: Serving) -> None:
    assert document(post(server, "comments/put", resource=EICAR_SHA256, comment="seen"))["response_code"] == 1


def _rescan_by_v2(server: Serving) -> None:
    assert document(post(server, "file/rescan", EVERYTHING, resource=EICAR_SHA256))["response_code"] == 1


@pytest.mark.parametrize(
    ("write", "ended"),
    [
        (_comment, {"comments"}),
        (_comment_by_v3, {"comments"}),
        # The counts of votes in the report are those of its time.
        (_vote, {"votes"}),
        (_rescan, OF_V3),
        (_comment_by_v2, {"v2 comments"}),
        (_rescan_by_v2, {"v2 report"}),
    ],
)
def test_a_write_ends_these_answers_and_no_others(tmp_path: Path, write: Any, ended: set[str]) -> None:
    with serving(tmp_path, config=PRIVATE) as server:
        assert asked_again(server) == OF_V3 | OF_V2
        assert asked_again(server) == set()
        write(server)
        assert asked_again(server) == ended
