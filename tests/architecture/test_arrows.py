"""Who may know whom. The folders are the architecture; these are its arrows."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
CORE = PROJECT / "connectors"
SPLUNK = PROJECT / "splunk_app" / "bin"
KVSTORE = SPLUNK / "vtlookup_app" / "kvstore"
PLATFORMS = ("splunklib", "splunk", "phantom", "thehive", "cortexutils", "pymisp", "st2common", "rich", "argparse")

# A part, and the parts of the core it may import. Adapters and the composition root stand above them all.
MAY_KNOW = {
    "indicators": {"errors"},
    "verdict": {"clock", "indicators"},
    "state": {"clock", "errors", "threads"},
    "quota": {"clock", "errors", "state"},
    "cache": {"clock", "errors", "state"},
    "pending": {"clock", "state"},
    "coalescing": {"cache", "clock", "errors", "state"},
    "virustotal": {"api_key", "clock", "errors", "indicators", "paths", "quota", "secrecy", "version"},
    "actions": {
        "account",
        "api_key",
        "cache",
        "circuit_breaker",
        "clock",
        "coalescing",
        "contract",
        "errors",
        "indicators",
        "pending",
        "quota",
        "schemas_check",
        "secrecy",
        "state",
        "verdict",
        "virustotal",
    },
    "sandbox": {"version"},
}


def _modules(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)


def _imported(path: Path) -> Iterator[str]:
    """Absolute names of everything `path` imports, at any depth."""
    package = path.relative_to(PROJECT).with_suffix("").parts[:-1]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = list(package[: len(package) - node.level + 1]) if node.level else []
            yield ".".join([*base, *([node.module] if node.module else [])])
            if not node.module:
                yield from (".".join([*base, alias.name]) for alias in node.names)


@pytest.mark.parametrize("part", sorted(MAY_KNOW))
def test_each_part_of_the_core_knows_only_what_it_may(part: str) -> None:
    for path in _modules(CORE / part):
        known = {name.split(".")[1] for name in _imported(path) if name.startswith("connectors.")}
        assert known <= MAY_KNOW[part] | {part}, path.name


# The ways in. `connectors/vt_connectors/__init__.py` is the Python API's: it names its adapter, and loads it only when asked for it.
DOORS = (CORE / "__init__.py", CORE / "__main__.py")


def test_only_adapters_and_the_doors_know_the_adapters() -> None:
    for path in _modules(CORE):
        if "adapters" not in path.parts and path not in DOORS:
            assert not any(name.startswith("vt_connectors.adapters") for name in _imported(path)), path.name


def test_the_core_knows_no_platform() -> None:
    for path in _modules(CORE):
        if "adapters" not in path.parts:
            roots = {name.split(".")[0] for name in _imported(path)}
            assert not roots & set(PLATFORMS), path.name


def test_adapters_know_neither_http_nor_cache_nor_quota_nor_verdict_rules() -> None:
    parts = ("cache", "coalescing", "virustotal", "verdict", "quota.policy", "quota.limiter", "quota.books")
    hidden = ("requests", "urllib3", "http", *(f"connectors.{part}" for part in parts))
    for path in [*_modules(CORE / "adapters"), *_modules(SPLUNK)]:
        if path.parent != KVSTORE:
            assert not any(name.startswith(hidden) for name in _imported(path)), path.name


def test_a_platforms_place_for_the_state_knows_its_ports_and_no_rule() -> None:
    parts = ("api_key", "indicators", "virustotal", "verdict", "quota.policy", "quota.slots", "quota.limiter")
    hidden = ("requests", "urllib3", "http", "sqlite3", *(f"connectors.{part}" for part in parts))
    for path in _modules(KVSTORE):
        assert not any(name.startswith(hidden) for name in _imported(path)), path.name


PARTS = ("Answers", "Book", "Leases", "Pending")
HOMES = (
    "composition.py",
    "stores.py",
    "way_out.py",
    "requests_transport.py",
    "sqlite.py",
    "books.py",
    "record_place.py",
    "substitute.py",
    "leases.py",
    "redis_answers.py",
    "redis_book.py",
    "redis_leases.py",
    "redis_pending.py",
    "sqlite_leases.py",
)


def test_only_the_composition_root_chooses_real_parts() -> None:
    choices = ("requests_transport", *(kind + part for kind in ("Sqlite", "Redis") for part in PARTS))
    for path in _modules(CORE):
        text = path.read_text("utf-8")
        at_home = path.name in HOMES
        exported = path.name == "__init__.py"
        assert at_home or exported or not any(choice in text for choice in choices), path.name


def test_what_few_need_is_imported_when_it_is_needed() -> None:
    for path in _modules(CORE):
        outside = [node for node in ast.parse(path.read_text("utf-8")).body if "import" in type(node).__name__.lower()]
        names = {alias.name for node in outside if isinstance(node, ast.Import) for alias in node.names}
        froms = {(node.module or "").rpartition(".")[2] for node in outside if isinstance(node, ast.ImportFrom)}
        assert "redis" not in names | froms, path.name
        assert path.name.startswith("redis_") or not any(name.startswith("redis_") for name in froms), path.name


def test_modules_fit_in_the_head() -> None:
    long = {path.name: len(path.read_text("utf-8").splitlines()) for path in _modules(CORE)}
    assert max(long.values()) <= 250, max(long, key=lambda name: long[name])
