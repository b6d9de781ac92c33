"""Fields of a behaviour's rows that have another type than VirusTotal documents."""

from __future__ import annotations

from typing import Any

import pytest

from vt_connectors.verdict.behaviour import summary_of_behaviour

ROWS: dict[str, tuple[str, str, dict[str, Any], dict[str, Any]]] = {
    "http": ("http_conversations", "url", {"request_method": "GET", "url": "http://a.example/"}, {"method": "GET"}),
    "connections": (
        "ip_traffic",
        "destination_port",
        {"destination_ip": "192.0.2.1", "destination_port": 80},
        {"ip": "192.0.2.1"},
    ),
    "dns": (
        "dns_lookups",
        "hostname",
        {"hostname": "a.example", "resolved_ips": ["192.0.2.1"]},
        {"ips": ["192.0.2.1"]},
    ),
    "registry_keys_set": ("registry_keys_set", "value", {"key": "HKLM", "value": "1"}, {"key": "HKLM"}),
    "files_dropped": ("files_dropped", "sha256", {"path": "C:\\a", "sha256": "0" * 64}, {"path": "C:\\a"}),
}


@pytest.mark.parametrize("odd", [None, True, 1.5, [1], ["x", None], {"a": 1}, "80"])
@pytest.mark.parametrize("name", ROWS)
def test_a_field_of_another_type_is_left_out_and_the_row_stays(name: str, odd: Any) -> None:
    theirs, field, row, rest = ROWS[name]
    if isinstance(odd, str) and name != "connections":
        odd = 80
    assert summary_of_behaviour({theirs: [{**row, field: odd}]}) == {name: [rest]}


def test_ips_are_texts_only() -> None:
    rows = [{"hostname": "a.example", "resolved_ips": odd} for odd in ("192.0.2.1", 7, [7, "192.0.2.2"])]
    assert summary_of_behaviour({"dns_lookups": rows})["dns"] == [
        {"host": "a.example"},
        {"host": "a.example"},
        {"host": "a.example", "ips": ["192.0.2.2"]},
    ]
