"""Which part may import which. The folders are the architecture; this table is its arrows, and it names every part."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
CORE = PROJECT / "connectors/vt_connectors"
SPLUNK = PROJECT / "splunk_app" / "bin"
KVSTORE = SPLUNK / "vtlookup_app" / "kvstore"
LIBRARIES = (
    "anyio",
    "mcp",
    "mcp_types",
    "prometheus_client",
    "redis",
    "requests",
    "rich",
    "splunklib",
    "urllib3",
    "waitress",
)
PLATFORMS = ("splunklib", "splunk", "phantom", "thehive", "cortexutils", "pymisp", "st2common", "rich", "argparse")

# Modules that every part may import.
EVERYWHERE = {
    "clock",
    "deferred",
    "errors",
    "light_typing",
    "log",
    "quick_imports",
    "strict_json",
    "threads",
}
# A part, and the other parts that it may import.
MAY_KNOW = {
    "clock": set[str](),
    "deferred": set[str](),
    "errors": set[str](),
    "light_typing": set[str](),
    "log": set[str](),
    "quick_imports": set[str](),
    "strict_json": set[str](),
    "threads": set[str](),
    "observer": {"contract"},
    "api_key": set[str](),
    "redaction": {"api_key"},
    "indicators": set[str](),
    "verdict": {"indicators"},
    "contract": {"api_key", "redaction", "verdict"},
    "config": {"api_key", "backends", "contract", "quota", "state", "verdict"},
    "state": set[str](),
    "cache": {"state"},
    "pending": {"state"},
    "coalescing": {"cache", "state"},
    "quota": {"state"},
    "backends": set[str](),
    "backends/memory": {"cache", "coalescing", "pending", "quota"},
    "backends/sqlite": {"cache", "coalescing", "pending", "quota", "state"},
    "backends/redis": {"backends", "cache", "coalescing", "pending", "quota", "state"},
    "virustotal/http": {"api_key", "config", "observer", "redaction"},
    "virustotal": {"api_key", "indicators", "observer", "quota", "redaction", "verdict", "virustotal/http"},
    "actions": {
        "api_key",
        "cache",
        "coalescing",
        "config",
        "contract",
        "indicators",
        "pending",
        "quota",
        "redaction",
        "state",
        "verdict",
        "virustotal",
        "virustotal/http",
    },
    "event_fields": {"contract", "indicators"},
    "export": {"actions", "contract", "indicators", "redaction", "virustotal", "virustotal/http"},
    "core": {
        "actions",
        "contract",
        "indicators",
        "misconfigured",
        "observer",
        "pending",
        "quota",
        "redaction",
        "virustotal",
    },
    "misconfigured": {"actions", "api_key", "contract", "core", "indicators", "observer", "quota", "redaction"},
    "sandbox": set[str](),
}
# The composition root and the adapters stand above the parts; `__init__` and `__main__` are the ways in.
ABOVE = {"adapters", "composition", "__init__", "__main__"}


def _modules(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)


@functools.cache  # most modules are read by several tests
def _imported(path: Path) -> tuple[str, ...]:
    """Absolute names of everything `path` imports, at any depth. For `from a import b` that is `a.b`."""
    root = CORE.parent if CORE in path.parents else SPLUNK
    return tuple(_names(path, path.relative_to(root).with_suffix("").parts[:-1]))


def _statements(path: Path) -> Iterator[ast.AST]:
    """All of them, at any depth. Expressions, which are most of a module, import nothing."""
    inner: list[ast.AST] = [ast.parse(path.read_text("utf-8"))]
    while inner:
        node = inner.pop()
        yield node
        for name in node._fields:
            parts = getattr(node, name)
            if isinstance(parts, list) and parts and not isinstance(parts[0], (ast.expr, str, type(None))):
                inner += parts


def _names(path: Path, package: tuple[str, ...]) -> Iterator[str]:
    for node in _statements(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = list(package[: len(package) - node.level + 1]) if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def _part(parts: tuple[str, ...]) -> str:
    """The part of the core to which a path or a dotted name inside the package belongs."""
    inner = "/".join(parts[:2])
    return inner if inner in MAY_KNOW else parts[0]


def _known(path: Path) -> set[str]:
    modules = {name for name in _imported(path) if name.startswith("vt_connectors.")} - {"vt_connectors.__version__"}
    names = (name.split(".")[1:] for name in modules)
    return {_part(tuple(parts)) for parts in names}


@pytest.mark.parametrize("path", _modules(CORE), ids=lambda path: path.relative_to(CORE).as_posix())
def test_each_module_of_the_core_imports_only_what_its_part_may(path: Path) -> None:
    part = _part(path.relative_to(CORE).with_suffix("").parts)
    if part not in ABOVE:
        assert _known(path) <= MAY_KNOW[part] | EVERYWHERE | {part}


def test_the_table_names_no_part_that_is_not_there() -> None:
    parts = {_part(path.relative_to(CORE).with_suffix("").parts) for path in _modules(CORE)}
    assert set(MAY_KNOW) | ABOVE == parts


def test_the_page_on_the_architecture_says_the_same() -> None:
    page = (PROJECT / "docs/architecture.md").read_text("utf-8")
    rows = re.findall(r"^\| \[`([\w/]+?)(?:/|\.py)`\]\(.*?\) \| .*? \| (.*?) \|$", page, re.MULTILINE)
    told = {part: set(re.findall(r"`([\w/]+)`", may)) for part, may in rows if part in MAY_KNOW}
    assert told == {part: may for part, may in MAY_KNOW.items() if part not in EVERYWHERE}
    assert {part for part, may in rows if may == "all"} == {"adapters", "composition"}
    known = re.search(r"may also import (.*?)\.$", page, re.MULTILINE)
    assert known is not None
    assert set(re.findall(r"`(\w+)`", known[1])) == EVERYWHERE


def test_only_adapters_and_the_ways_in_know_the_adapters() -> None:
    for path in _modules(CORE):
        if _part(path.relative_to(CORE).with_suffix("").parts) not in ABOVE:
            assert "adapters" not in _known(path), path.name


def test_the_core_knows_no_platform() -> None:
    for path in _modules(CORE):
        if "adapters" not in path.parts:
            roots = {name.split(".")[0] for name in _imported(path)}
            assert not roots & set(PLATFORMS), path.name


def test_what_all_servers_share_knows_no_other_adapter_and_needs_no_library() -> None:
    shared = CORE / "adapters/server"
    for path in _modules(shared):
        for name in _imported(path):
            is_own = not name.startswith("vt_connectors.adapters.") or name.startswith("vt_connectors.adapters.server.")
            assert is_own, (path.name, name)
            assert not name.startswith("vt_connectors.composition"), (path.name, name)
            assert name.split(".")[0] not in LIBRARIES, (path.name, name)


def test_adapters_know_neither_http_nor_cache_nor_quota_nor_verdict_rules() -> None:
    parts = ("cache", "coalescing", "virustotal", "verdict", "quota.policy", "quota.limiter", "quota.ledger_store")
    hidden = ("requests", "urllib3", "http", *(f"vt_connectors.{part}" for part in parts))
    for path in [*_modules(CORE / "adapters"), *_modules(SPLUNK)]:
        if path.parent != KVSTORE:
            assert not any(name.startswith(hidden) for name in _imported(path)), path.name


def test_a_platforms_backend_knows_the_ports_and_no_rule() -> None:
    parts = ("api_key", "indicators", "virustotal", "verdict", "quota.policy", "quota.reservations", "quota.limiter")
    hidden = ("requests", "urllib3", "http", "sqlite3", *(f"vt_connectors.{part}" for part in parts))
    for path in _modules(KVSTORE):
        assert not any(name.startswith(hidden) for name in _imported(path)), path.name


def test_sql_and_redis_are_spoken_in_their_backends_alone() -> None:
    for path in _modules(CORE):
        roots = {name.split(".")[0] for name in _imported(path)}
        part = _part(path.relative_to(CORE).with_suffix("").parts)
        assert "sqlite3" not in roots or part == "backends/sqlite", path.name
        assert "redis" not in roots or part == "backends/redis", path.name


def test_only_the_composition_root_chooses_backends_and_transports() -> None:
    for path in _modules(CORE):
        part = _part(path.relative_to(CORE).with_suffix("").parts)
        if part != "composition" and not part.startswith("backends"):
            assert not any(known.startswith("backends/") for known in _known(path)), path.name
        if part not in ("composition", "virustotal/http"):
            assert not any("requests_transport" in name for name in _imported(path)), path.name


def test_what_few_need_is_imported_when_it_is_needed() -> None:
    for path in _modules(CORE):
        if CORE / "backends/redis" in path.parents:
            continue
        named = {
            alias.name if isinstance(node, ast.Import) else f"{node.module or ''}.{alias.name}"
            for node in ast.parse(path.read_text("utf-8")).body
            if isinstance(node, (ast.Import, ast.ImportFrom))
            for alias in node.names
        }
        assert not any(name.split(".")[0] == "redis" or "backends.redis." in name for name in named), path.name


def test_modules_fit_in_the_head() -> None:
    lengths = {path.relative_to(CORE).as_posix(): len(path.read_text("utf-8").splitlines()) for path in _modules(CORE)}
    assert {name: lines for name, lines in lengths.items() if lines > 250} == {}
