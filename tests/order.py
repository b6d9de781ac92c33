"""The order of the tests: what takes long is begun first, by all workers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, TypeVar

# Modules and folders that take or wait longest, the longest first. Begun late, one of them would run alone in the end.
LONG = (
    "package/test_appinspect",
    "package/test_release",
    "docs/test_blocks",
    "processes/test_lost_server",
    "faults/test_store",
    "splunk/test_studio_pages",
    "faults/",
    "processes/",
    "package/test_postman",
    "python_api/test_typing",
    "docs/test_python_page",
    "bundles/test_all_at_once",
    "http/pass_through/test_v3_refusals",
    "export/test_same_answers",
    "virustotal/test_circuit_breaker",
    "splunk/test_alert_ended_early",
    "splunk/test_draining",
)
_HERE = Path(__file__).parent


class Test(Protocol):
    @property
    def path(self) -> Path: ...


AnyTest = TypeVar("AnyTest", bound=Test)


def begun_with_the_longest(tests: Sequence[AnyTest], workers: int) -> list[AnyTest]:
    """At first xdist gives each worker a run of tests of the same length: each run begins with its share of the long
    modules. A module stays together, because its tests may share a server."""
    ranks = {path: _rank(path) for path in {test.path for test in tests}}
    modules: dict[Path, list[AnyTest]] = {}
    others: list[AnyTest] = []
    for test in tests:
        (modules.setdefault(test.path, []) if ranks[test.path] < len(LONG) else others).append(test)
    shares: list[list[AnyTest]] = [[] for _ in range(workers)]
    for place, path in enumerate(sorted(modules, key=lambda path: (ranks[path], path))):
        shares[place % workers] += modules[path]
    ordered: list[AnyTest] = []
    rest = iter(others)
    for number, share in enumerate(shares):
        ordered += share
        length = (len(tests) - len(ordered) + len(share)) // (workers - number)
        ordered += [test for _, test in zip(range(length - len(share)), rest)]
    return [*ordered, *rest]


def _rank(path: Path) -> int:
    place = path.relative_to(_HERE).as_posix()
    return next((rank for rank, name in enumerate(LONG) if place.startswith(name)), len(LONG))
