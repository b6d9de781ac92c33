"""`vtaction sandbox`: its options and its log."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from tests.fake_clock import FakeClock
from tests.vtaction_process import EICAR, RunnerProcess, vtaction_process
from vt_connectors.adapters.cli.arguments import parse
from vt_connectors.adapters.cli.sandbox_command import log_line, sandbox_server, seconds, seconds_between
from vt_connectors.errors import ConfigError
from vt_connectors.sandbox import Charge, Fault, LoggedRequest, Quota, SandboxApp, SandboxConfig, SandboxServer
from vt_connectors.sandbox.http.messages import Request

from .calling import NOON, Caller, SettableClock, V2Caller
from .conftest import StartSandbox


@pytest.mark.parametrize(
    ("text", "expected"),
    [("50ms", 0.05), ("0.05", 0.05), ("0.05s", 0.05), ("1s", 1.0), ("2", 2.0), ("0", 0.0), ("1h", 3600.0)],
)
def test_times_are_read(text: str, expected: float) -> None:
    assert seconds(text, "--latency") == expected


def test_two_times_are_a_range() -> None:
    assert seconds_between("50ms-500ms", "--latency") == (0.05, 0.5)
    assert seconds_between("0.05-1s", "--latency") == (0.05, 1.0)
    assert seconds_between("1s", "--latency") == (1.0, 1.0)


@pytest.mark.parametrize("text", ["", "fast", "-1", "1y", "2s-1s", "2d", "1s-", "-", "1-2-3", "99999999"])
def test_invalid_times_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="time"):
        seconds_between(text, "--latency")


def lines_of(server: SandboxServer) -> list[str]:
    return [log_line(entry) for entry in server.all_requests]


def test_a_line_has_time_method_path_status_and_charge(start_sandbox: StartSandbox) -> None:
    server = start_sandbox(Quota(windows=((3, 60),)))
    v2 = V2Caller(server.url)
    Caller(server.url).get("domains/unknown.example?limit=1")
    v2.post("file/report", resource=f"{EICAR},{EICAR}")
    v2.post("file/report", resource=EICAR)
    V2Caller(server.url, "wrong").post("file/report", resource=EICAR)
    assert lines_of(server) == [
        "2025-10-09T12:00:00Z GET /api/v3/domains/unknown.example 404 spent 1",
        "2025-10-09T12:00:00Z POST /vtapi/v2/file/report 200 spent 2",
        "2025-10-09T12:00:00Z POST /vtapi/v2/file/report 204 refused",
        "2025-10-09T12:00:00Z POST /vtapi/v2/file/report 403 free",
    ]


@pytest.mark.parametrize(("fault", "end"), [("503", " 503 spent 1 fault=503"), ("reset", " - spent 1 fault=reset")])
def test_a_line_names_the_injected_fault(clock: SettableClock, fault: str, end: str) -> None:
    app = SandboxApp(Quota(), clock, SandboxConfig(faults=(Fault(fault, 1),)))
    app.handle(Request.parse("GET", "/api/v3/domains/example.com", [("x-apikey", "k")], io.BytesIO()))
    assert log_line(app.log.entries()[0]).endswith(end)


@pytest.mark.parametrize(
    "path", ["users/a%2Fsecret%20key", "users/a%2fsecret+key/x", "files/xa%2Fsecret%20keyx", "files/a/secret%20key"]
)
def test_a_line_never_has_the_key(sandbox: SandboxServer, path: str) -> None:
    Caller(sandbox.url, "a/secret key").get(f"{path}?apikey=a%2Fsecret%20key")
    assert "secret" not in lines_of(sandbox)[0]
    assert "[key]" in lines_of(sandbox)[0]


def test_a_line_has_no_key_even_if_it_came_only_as_a_users_name(sandbox: SandboxServer) -> None:
    Caller(sandbox.url, key=None).get("users/secret/overall_quotas")
    assert lines_of(sandbox)[0].endswith(" GET /api/v3/users/[key]/overall_quotas 401 free")


def test_a_line_has_no_control_characters() -> None:
    entry = LoggedRequest("GET", "/api/v3/\x1b[31m\nb\xfc", NOON, "", Charge.FREE, status=404)
    assert log_line(entry) == "2025-10-09T12:00:00Z GET /api/v3/%1B[31m%0Ab%C3%BC 404 free"


@pytest.fixture
def run(sandbox: SandboxServer, tmp_path: Path) -> RunnerProcess:
    return vtaction_process(sandbox, tmp_path)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--fault", "nonsense"], "HTTP status"),
        (["--fault", "503:2"], "share"),
        (["--fault", "503:0.7", "--fault", "reset:0.7"], "more than 1"),
        (["--latency", "fast"], "time"),
        (["--latency", "2s-1s"], "shorter"),
        (["--scan-time", "soon"], "time"),
        (["--stream-every", "often"], "time"),
        (["--quota", "many"], "many"),
        (["--seed", "x"], "--seed"),
        (["--port", "99999"], "port"),
    ],
)
def test_an_invalid_value_is_reported_with_exit_status_2(run: RunnerProcess, arguments: list[str], said: str) -> None:
    done = run.text("sandbox", "--port", "0", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert arguments[0] in done.stderr, "it names the option that was typed"
    assert "Traceback" not in done.stderr
    assert "VT_QUOTA" not in done.stderr
    assert done.stdout == ""


def test_the_command_injects_faults_and_logs_them(run: RunnerProcess) -> None:
    options = "--port 0 --quota 4/minute --latency 1ms-2ms --fault 503:0.5 --fault reset:0 --seed 1 --scan-time 1000"
    process = run.start("sandbox", *options.split(), "--log")
    assert process.stdout is not None
    said = b""
    while b"VT_API_VERSION=2" not in said:
        line = process.stdout.readline()
        assert line, "it ended before it said so"
        said += line
    url = said.decode().split(" at ")[1].split()[0]
    caller = Caller(url, "a-secret-key")
    statuses = [caller.get("users/a-secret-key").status_code]
    statuses += [caller.post("urls", data={"url": "http://unknown.example/"}).status_code]
    statuses += [caller.get(f"files/{EICAR}").status_code for _ in range(4)]
    process.terminate()
    log = process.communicate(timeout=60)[1].decode()
    assert statuses == [503, 200, 200, 503, 503, 429]
    lines = [line.partition("Z ")[2] for line in log.splitlines()]
    assert lines == [
        "GET /api/v3/users/[key] 503 free fault=503",
        "POST /api/v3/urls 200 spent 1",
        f"GET /api/v3/files/{EICAR} 200 spent 1",
        f"GET /api/v3/files/{EICAR} 503 spent 1 fault=503",
        f"GET /api/v3/files/{EICAR} 503 spent 1 fault=503",
        f"GET /api/v3/files/{EICAR} 429 refused",
    ]
    assert "secret" not in log


def test_two_fifths_of_the_scan_time_are_in_the_queue() -> None:
    clock = FakeClock()
    options = parse(["sandbox", "--scan-time", "100", "--quota", "none", "--port", "0"])
    with sandbox_server(options, clock) as server:
        caller = Caller(server.url)
        analysis = caller.post("urls", data={"url": "http://unknown.example/"}).json()["data"]["id"]
        seen = []
        for pause in (39.9, 0.2, 59.8, 0.2):
            clock.advance(pause)
            seen.append(caller.data(f"analyses/{analysis}")["attributes"]["status"])
    assert seen == ["queued", "in-progress", "in-progress", "completed"]


def test_notifications_come_as_often_as_asked() -> None:
    clock = FakeClock()
    options = parse(["sandbox", "--stream-every", "50m", "--quota", "none", "--port", "0"])
    with sandbox_server(options, clock) as server:
        caller = Caller(server.url, "premium-key")
        before = caller.data("ioc_stream?descriptors_only=true&limit=1")
        clock.advance(6000)
        assert caller.data("ioc_stream?descriptors_only=true&limit=3")[2:] == before


def test_a_day_that_begins_exhausted_refuses_every_key_until_midnight() -> None:
    clock = FakeClock()
    with sandbox_server(parse(["sandbox", "--exhausted", "day", "--port", "0"]), clock) as server:
        assert [Caller(server.url, key).get("domains/example.com").status_code for key in ("a", "b")] == [429, 429]
        clock.advance(86400)
        assert Caller(server.url, "a").get("domains/example.com").status_code == 200


def test_an_exhausted_day_needs_a_limit_of_the_day() -> None:
    with pytest.raises(ConfigError, match="no limit for a day"):
        sandbox_server(parse(["sandbox", "--exhausted", "day", "--quota", "4/minute", "--port", "0"]), FakeClock())
