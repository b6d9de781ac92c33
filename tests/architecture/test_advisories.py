"""What published advisories on urllib3 and requests name is not called. SECURITY.md says so of each."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
# Those that may send a request, and read its answer.
MODULES = sorted((PROJECT / "connectors/vt_connectors/virustotal").rglob("*.py"))

NAMES = {
    "drain_conn": "CVE-2026-44432",
    "connection_from_url": "CVE-2026-44431",
    "proxy_from_url": "CVE-2026-44431",
    "extract_zipped_paths": "CVE-2026-25645",
    "read_chunked": "CVE-2026-97688, CVE-2026-97689",
    "stream": "CVE-2026-97688, CVE-2026-97689",
    "iter_content": "it calls stream()",
    "iter_lines": "it calls stream()",
}
OPTIONS = {
    "assert_fingerprint": "CVE-2026-97687",
    "assert_hostname": "CVE-2026-97687",
    "cert": "CVE-2026-97687",
    "cert_reqs": "CVE-2026-97687",
    "proxy_ssl_context": "CVE-2026-97687",
    "use_forwarding_for_https": "CVE-2026-97687",
}


def _used(path: Path) -> Iterator[tuple[str, str]]:
    """Names that are read or imported, and options that are passed."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Attribute):
            yield "name", node.attr
        elif isinstance(node, ast.Name):
            yield "name", node.id
        elif isinstance(node, ast.alias):
            yield "name", node.name
        elif isinstance(node, ast.keyword) and node.arg:
            yield "option", node.arg


def test_there_is_something_to_look_at() -> None:
    every = {used for path in MODULES for used in _used(path)}
    assert {("name", "read1"), ("option", "allow_redirects"), ("option", "verify")} <= every


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_nothing_that_an_advisory_names_is_used(path: Path) -> None:
    used = set(_used(path))
    assert used.isdisjoint(("name", name) for name in NAMES)
    assert used.isdisjoint(("option", name) for name in OPTIONS)


def test_only_one_module_sends() -> None:
    """The others know `requests` for what they hand to it: an adapter, the proxies' addresses, the key's place."""
    senders = {
        path.name
        for path in (PROJECT / "connectors/vt_connectors").rglob("*.py")
        if "sandbox" not in path.parts and {("name", "Session"), ("name", "PoolManager")} & set(_used(path))
    }
    assert senders == {"requests_transport.py"}
