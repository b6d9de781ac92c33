"""`/metrics`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from tests.fake_clock import FakeClock
from tests.http.raw import exchange, head
from tests.http.serving import EVERYTHING, READER, Serving, serving
from vt_connectors.adapters.http.audit import Audit

EICAR = "44d88612fea8a8f36de82e1278abb02f"


def metrics(server: Serving) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Each figure by its name and labels."""
    reply = server.call("GET", "/metrics")
    assert reply.status_code == 200
    assert reply.headers["Content-Type"].startswith("text/plain")
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(reply.text)
        for sample in family.samples
    }


def named(server: Serving, name: str) -> dict[frozenset[tuple[str, str]], float]:
    return {labels: value for (found, labels), value in metrics(server).items() if found == name}


def lookup(value: str, action: str = "lookup_hash", name: str = "hash") -> dict[str, Any]:
    return {"action": action, "params": {name: value}}


def test_metrics_need_a_token_with_the_right(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        assert server.call("GET", "/metrics", None).status_code == 401
        assert server.call("GET", "/metrics", READER).status_code == 403
        assert server.call("GET", "/metrics", EVERYTHING).status_code == 200


def test_calls_are_counted_by_client_action_outcome_and_source(tmp_path: Path) -> None:
    with serving(tmp_path, quota="5/day") as server:
        for _ in range(3):
            server.run(lookup(EICAR), READER)
        counted = named(server, "vtaction_requests_total")
        label = {"client": "reader", "face": "contract", "action": "lookup_hash", "status": "ok"}
        assert counted[frozenset({**label, "source": "api"}.items())] == 1
        assert counted[frozenset({**label, "source": "cache"}.items())] == 2
        assert named(server, "vtaction_cache_hits_total") == {frozenset({("kind", "hash")}): 2}
        upstream = named(server, "vtaction_upstream_requests_total")
        assert upstream == {frozenset({("endpoint", "lookup_hash"), ("http_status", "200")}): 1}
        assert named(server, "vtaction_quota_used") == {frozenset({("window", "day")}): 1}
        assert named(server, "vtaction_quota_limit") == {frozenset({("window", "day")}): 5}
        assert named(server, "vtaction_quota_wait_seconds_count") == {frozenset(): 1}
        # This call itself.
        assert named(server, "vtaction_inflight") == {frozenset(): 1}


def test_refusals_are_counted_by_reason_also_those_before_the_body(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        server.call("POST", "/v1/run", "wrong", data="{}")
        server.call("GET", "/v1/run", None)
        exchange(server, head(server, "GET / HTTP/1.1", "Connection: close", host="evil.example"))
        exchange(server, head(server, "POST /api/v3/files HTTP/1.1", "Content-Length: 3000000"))
        exchange(server, b"nonsense\r\n\r\n")
        refused = {dict(labels)["reason"]: value for labels, value in named(server, "vtaction_refused_total").items()}
    assert refused == {"wrong_token": 1, "no_token": 2, "host": 1, "not_http": 1}


class FullDisk:
    """An `AuditOutput` that takes no line."""

    is_ready = True

    def write(self, line: bytes) -> None:
        raise OSError(28, "No space left on device")

    def reopen(self) -> None:
        """Nothing to do."""


def test_lost_lines_of_the_audit_log_are_counted(tmp_path: Path) -> None:
    audit = Audit(FullDisk(), FakeClock(), str)
    with serving(tmp_path, watchers=[audit]) as server:
        for _ in range(3):
            server.run(lookup(EICAR))
        assert named(server, "vtaction_audit_lost_lines_total") == {frozenset(): 3}


def test_no_label_has_an_indicator_or_what_a_client_makes_up(tmp_path: Path) -> None:
    sent = [EICAR, "evil.example", "http://evil.example/path", "8.8.8.8", "made_up_action"]
    with serving(tmp_path) as server:
        server.run(lookup(sent[0]))
        server.run(lookup(sent[1], "lookup_domain", "domain"))
        server.run(lookup(sent[2], "lookup_url", "url"))
        server.run(lookup(sent[3], "lookup_ip", "ip"))
        server.run({"action": "made_up_action", "params": {}})
        for path in ("/evil.example", f"/api/v3/files/{EICAR}", "/vtapi/v2/url/report?resource=evil.example&apikey=x"):
            server.call("GET", path)
        text = server.call("GET", "/metrics").text
    assert [value for value in sent if value in text] == []
    assert EVERYTHING not in text
    assert re.search(r'action="other"', text)


def test_the_number_of_values_is_limited(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        for number in range(300):
            server.run({"action": f"made_up_{number}", "params": {}})
        assert len(named(server, "vtaction_requests_total")) < 10
