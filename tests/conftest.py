"""Fixtures for all tests."""

from __future__ import annotations

import gc
import itertools
import os
import re
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from hypothesis.configuration import set_hypothesis_home_dir

from tests.order import begun_with_the_longest
from tests.redis_process import RedisProcess
from tests.splunk.browser import CHROMIUM, DRIVER, Browser
from tests.splunk.fake_kvstore import FakeKvStore, Member
from tests.splunk.fake_splunkd import FakeSplunkd
from tests.vtaction_process import RunnerProcess, vtaction_process
from vt_connectors import redaction as secrecy
from vt_connectors.backends.redis.server import RedisServer
from vt_connectors.sandbox import Quota, SandboxServer

# Folders whose tests are about files, or start programs by the dozen, many of them on Pythons of their own choice; and
# the sandbox, whose answers are data and arithmetic, and are met on every Python by the tests that use it.
_ONCE = frozenset(("architecture", "bundles", "docs", "export", "package", "processes", "readme", "sandbox", "splunk"))
# Its HTTP server, its files and its clients depend on Python.
_EVERYWHERE = tuple(
    f"sandbox/test_{name}"
    for name in ("bad_days", "command", "downloads", "http", "large_uploads", "uploads", "v2_files", "vt_py")
)
# A file system in memory. Thousands of tests make a database, which on a disk waits each time until it is written.
_MEMORY = "/dev/shm"
_ENOUGH_BYTES = 4 * 1024**3
# Compiled modules are kept for all workers, for the processes that tests start, and for the next run.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# How long an example takes says more of the machine than of the code.
hypothesis.settings.register_profile("any machine", deadline=None, database=None)
# `make soak` tries more: `--hypothesis-profile=soak`.
hypothesis.settings.register_profile("soak", deadline=None, database=None, max_examples=1000)
hypothesis.settings.load_profile("any machine")
# It keeps what it knows of Unicode.
set_hypothesis_home_dir(Path(__file__).resolve().parents[1] / ".cache/hypothesis")


def _is_as_good_as_a_disk(folder: str) -> bool:
    """Whether there is room for the tests' files, their scripts run, and they can have extended attributes."""
    try:
        with tempfile.NamedTemporaryFile(dir=folder) as file:
            os.setxattr(file.name, "user.test", b"1")
        runs_scripts = not os.statvfs(folder).f_flag & os.ST_NOEXEC
    except (OSError, AttributeError):  # there is no such folder, or it is not on Linux
        return False
    return runs_scripts and shutil.disk_usage(folder).free >= _ENOUGH_BYTES


if "PYTEST_DEBUG_TEMPROOT" not in os.environ and _is_as_good_as_a_disk(_MEMORY):
    # pytest's name for the place of `tmp_path`; the option --basetemp comes first.
    os.environ["PYTEST_DEBUG_TEMPROOT"] = _MEMORY


def pytest_configure(config: pytest.Config) -> None:
    """Under `nohup` hang-ups are ignored, and every process that a test starts would ignore them too."""
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda number, frame: None)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not import what would be deselected as a whole folder."""
    is_whole = collection_path.parent == Path(__file__).parent and collection_path.name in _ONCE - {"sandbox"}
    return True if is_whole and config.getoption("markexpr") == "not once" else None


@pytest.hookimpl(hookwrapper=True)
def pytest_collection() -> Iterator[None]:
    """What is collected lives until the end: no garbage is looked for in it, neither now nor in the tests."""
    gc.disable()
    yield
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of whole folders; single modules mark themselves. Then let each worker begin with long ones."""
    here = Path(__file__).parent
    places = {path: path.relative_to(here).as_posix() for path in {item.path for item in items}}
    once = {path for path, place in places.items() if _is_once(place)}
    for item in items:
        if item.path in once:
            item.add_marker(pytest.mark.once)
    items[:] = begun_with_the_longest(items, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


def _is_once(place: str) -> bool:
    return place.partition("/")[0] in _ONCE and not place.startswith(_EVERYWHERE)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The last line says what was not tried here, and why."""
    reasons = Counter(
        re.sub(r"^Skipped: ", "", report.longrepr[2])
        for report in terminalreporter.stats.get("skipped", [])
        if isinstance(report.longrepr, tuple)
    )
    if reasons:
        told = "; ".join(f"{count}: {reason}" for reason, count in reasons.most_common())
        terminalreporter.write_line(f"skipped {sum(reasons.values())} tests ({told})")


@pytest.fixture(scope="session")
def _homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One name for a folder after the other. `mktemp` would read the names of all earlier tests' folders each time."""
    base = tmp_path_factory.mktemp("homes")
    return (base / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def _own_environment(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, _homes: Iterator[Path]
) -> Iterator[None]:
    """Isolates a test from this machine's settings and its user's folders. What a failed test leaves is kept."""
    for name in list(os.environ):
        if name.startswith("VT_") or name.lower() in ("https_proxy", "http_proxy", "all_proxy"):
            monkeypatch.delenv(name)
    # It caches a folder from another test's environment.
    monkeypatch.setattr(tempfile, "tempdir", None)
    home = next(_homes)
    for name in ("state", "config", "runtime"):
        (home / name).mkdir(mode=0o700, parents=True)
        monkeypatch.setenv(f"XDG_{name.upper()}_{'DIR' if name == 'runtime' else 'HOME'}", str(home / name))
    failed = request.session.testsfailed
    yield
    if request.session.testsfailed == failed:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(autouse=True)
def _own_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another test's key is not redacted in this test's messages."""
    monkeypatch.setattr(secrecy, "_KEYS", dict(secrecy._KEYS))


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    """A sandbox without a quota."""
    with SandboxServer(Quota.unlimited()) as server:
        yield server


@pytest.fixture(scope="session")
def _redis_for_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    process = RedisProcess(tmp_path_factory.mktemp("redis")).start()
    yield process
    process.kill()


@pytest.fixture
def redis_process(_redis_for_all: RedisProcess) -> RedisProcess:
    """An empty redis-server. If none is installed, the test is skipped."""
    _redis_for_all.server().call("FLUSHALL")
    return _redis_for_all


@pytest.fixture
def redis_server(redis_process: RedisProcess) -> Iterator[RedisServer]:
    """The same redis-server, in the form for stores."""
    server = redis_process.server()
    yield server
    server.close()


@pytest.fixture(scope="session")
def _chromium_for_all() -> Iterator[Browser]:
    if CHROMIUM is None or DRIVER is None:
        pytest.skip("no Chromium with chromedriver here: apt-get install chromium chromium-driver")
    with Browser() as running:
        yield running


@pytest.fixture(scope="module")
def chromium(_chromium_for_all: Browser) -> Iterator[Browser]:
    """A browser with an empty console and a window of its first size."""
    _chromium_for_all.resize()
    _chromium_for_all.complaints()
    yield _chromium_for_all
    # Otherwise the last page goes on.
    _chromium_for_all.open("about:blank")


@pytest.fixture
def splunkd_with_kvstore() -> Iterator[FakeSplunkd]:
    """A splunkd with an empty KV store. Fails if a request exceeds a limit of the store."""
    store = FakeKvStore()
    with FakeSplunkd(kvstore=Member(store)) as splunkd:
        yield splunkd
    assert store.over == []


@pytest.fixture
def run(sandbox: SandboxServer, tmp_path: Path) -> RunnerProcess:
    """`vtaction` as a process with the sandbox as its server."""
    return vtaction_process(sandbox, tmp_path)
