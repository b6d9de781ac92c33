"""The audit log: who asked for what, and never a secret."""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import os
import resource
import socket
import stat
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fake_clock import START, FakeClock
from vt_connectors.adapters.http.audit import Audit, audit_log, hash_key, hashed_with
from vt_connectors.adapters.http.audit_outputs import FileOutput, StderrOutput, SyslogOutput
from vt_connectors.adapters.http.callers import Caller
from vt_connectors.adapters.http.messages import NO_NOTE, Call, Note, Refused, Reply
from vt_connectors.api_key import ApiKey
from vt_connectors.errors import ConfigError
from vt_connectors.redaction import remember

from .serving import EVERYTHING, KEY, READER, serving

EICAR = "44d88612fea8a8f36de82e1278abb02f"
CALLER = Caller("soar")


class Lines:
    """An `AuditOutput` in memory; `is_full`: no line can be written."""

    def __init__(self) -> None:
        self.text = b""
        self.is_full = False
        self.tries = 0

    is_ready = True

    def write(self, line: bytes) -> None:
        self.tries += 1
        if self.is_full:
            raise OSError(28, "No space left on device")
        self.text += line

    def reopen(self) -> None:
        """Nothing to do."""

    @property
    def entries(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def lines() -> Lines:
    return Lines()


def _call(path: str = "/v1/run", query: str = "", **headers: str) -> Call:
    return Call("POST", path, query, headers, io.BytesIO(b"{}"), 2, "0123456789abcdef", "127.0.0.1")


def _told(audit: Audit, note: Note = NO_NOTE, call: Call | None = None, refused: Refused | None = None) -> None:
    reply = Reply(200 if refused is None else refused.status, b"12345", note=note)
    audit.replied(call or _call(), CALLER if refused is None else None, reply, refused, 5, 0.0123)


def test_a_line_says_who_asked_for_what_and_what_it_cost(lines: Lines) -> None:
    note = Note("lookup_hash", (EICAR,), "ok", "api", 1, 2.5)
    _told(Audit(lines, FakeClock(START), str), note)
    assert lines.entries == [
        {
            "time": "2026-01-02T03:04:05.000Z",
            "id": "0123456789abcdef",
            "client": "soar",
            "remote": "127.0.0.1",
            "face": "contract",
            "method": "POST",
            "action": "lookup_hash",
            "indicators": [EICAR],
            "outcome": "ok",
            "source": "api",
            "requests": 1,
            "waited_s": 2.5,
            "status": 200,
            "took_ms": 12,
            "bytes": 5,
        }
    ]


def test_each_request_of_a_batch_has_a_line_with_the_id_of_the_call(lines: Lines) -> None:
    audit = Audit(lines, FakeClock(), str)
    for value in ("8.8.8.8", "example.com"):
        audit.answered_line(_call("/v1/batch"), CALLER, Note("lookup", (value,), "ok"))
    assert [entry["indicators"] for entry in lines.entries] == [["8.8.8.8"], ["example.com"]]
    assert {(entry["id"], entry["in_batch"]) for entry in lines.entries} == {("0123456789abcdef", True)}


def test_a_refused_call_has_its_reason_and_only_that_part_of_its_path_that_is_ours(lines: Lines) -> None:
    secret = "vtc_" + "a" * 43
    call = _call(f"/api/v3/users/{secret}", f"apikey={secret}", authorization=f"Bearer {secret}")
    _told(Audit(lines, FakeClock(), str), call=call, refused=Refused(401, "wrong_token", secret))
    entry = lines.entries[0]
    assert (entry["face"], entry["action"], entry["status"], entry["refused"]) == ("v3", "/api/v3", 401, "wrong_token")
    assert "client" not in entry
    assert secret not in lines.text.decode()


def test_keys_and_tokens_that_other_parts_overlooked_are_not_logged(lines: Lines) -> None:
    key, token = "0123456789abcdef" * 4, "vtc_" + "b" * 43
    remember(ApiKey(key))
    _told(Audit(lines, FakeClock(), str), Note(f"GET /users/{key}", (f"https://a.example/?k={key}", token), "ok"))
    assert key not in lines.text.decode()
    assert token not in lines.text.decode()


def test_values_with_control_characters_or_of_any_length_stay_one_bounded_line(lines: Lines) -> None:
    values = ("a\nb\x1b[2J\u2028\ud800", "x" * 100_000, *("y" * 1000 for _ in range(100)))
    _told(Audit(lines, FakeClock(), str), Note("z" * 100_000, values, "ok"))
    assert lines.text.count(b"\n") == 1
    assert lines.text.isascii()
    assert b"\x1b" not in lines.text
    assert len(lines.text) < 8192
    entry = lines.entries[0]
    assert entry["unlogged_indicators"] == len(values) - len(entry["indicators"])


def test_hashed_indicators_can_be_found_with_the_key_only(lines: Lines, tmp_path: Path) -> None:
    place = tmp_path / "serve-audit.key"
    key = hash_key(place)
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert hash_key(place) == key
    _told(Audit(lines, FakeClock(), hashed_with(key)), Note("lookup_hash", (EICAR,), "ok"))
    expected = hmac.new(place.read_bytes().strip(), EICAR.encode(), hashlib.sha256).hexdigest()
    assert lines.entries[0]["indicators"] == [expected]
    assert EICAR not in lines.text.decode()
    assert hashlib.sha256(EICAR.encode()).hexdigest() != expected


def test_without_indicators_there_are_none(tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    _told(audit_log(str(log), "none", tmp_path / "key", FakeClock()), Note("lookup_hash", (EICAR,), "ok"))
    assert "indicators" not in json.loads(log.read_text("ascii"))
    assert not (tmp_path / "key").exists()


def test_lines_that_cannot_be_written_are_counted_and_reported_once(
    lines: Lines, caplog: pytest.LogCaptureFixture
) -> None:
    clock = FakeClock()
    audit = Audit(lines, clock, str)
    lines.is_full = True
    for _ in range(10):
        _told(audit)
    assert (audit.lost, lines.tries) == (10, 1)
    clock.advance(1.0)
    _told(audit)
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    lines.is_full = False
    clock.advance(1.0)
    _told(audit)
    assert (audit.lost, len(lines.entries)) == (11, 1)
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]


def test_the_file_is_for_its_owner_only_and_is_appended_to(tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    for number in (b"1\n", b"2\n"):
        FileOutput(log).write(number)
    assert log.read_bytes() == b"1\n2\n"
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_lines_of_many_threads_are_whole_and_none_is_lost_or_goes_elsewhere_while_the_file_is_renamed(
    tmp_path: Path,
) -> None:
    log = tmp_path / "audit.log"
    output = FileOutput(log)

    def write(name: bytes) -> None:
        for number in range(400):
            output.write(b"%s %d\n" % (name * 200, number))

    threads = [threading.Thread(target=write, args=(name,)) for name in (b"a", b"b", b"c", b"d")]
    for thread in threads:
        thread.start()
    # Takes the number of each file that is closed meanwhile.
    others = []
    for number in range(50):
        log.rename(tmp_path / f"audit.{number}")
        output.reopen()
        others.append((tmp_path / f"other.{number}").open("wb"))
    for thread in threads:
        thread.join()
    for other in others:
        other.close()
    lines = [line for file in tmp_path.glob("audit*") for line in file.read_bytes().splitlines()]
    assert len(lines) == len(set(lines)) == 4 * 400
    assert {len(line.split(b" ")[0]) for line in lines} == {200}
    assert [file.stat().st_size for file in tmp_path.glob("other*")] == [0] * 50


def test_a_full_disk_breaks_one_line_only(tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    output = FileOutput(log)
    output.write(b'{"a": 1}\n')
    earlier = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size + 4, earlier[1]))
    try:
        for _ in range(3):
            with pytest.raises(OSError, match="too large"):
                output.write(b'{"b": 2}\n')
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, earlier)
    output.write(b'{"c": 3}\n')
    assert log.read_bytes().splitlines() == [b'{"a": 1}', b'{"b"', b'{"c": 3}']


def test_a_line_that_an_earlier_server_or_file_left_unfinished_is_ended(tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    for begin in (b"", b"{}\n", b'{"a'):
        log.write_bytes(begin)
        log.chmod(0o600)
        FileOutput(log).write(b"1\n")
        assert log.read_bytes() == begin + (b"\n1\n" if begin == b'{"a' else b"1\n")
    output = FileOutput(log)
    with log.open("ab") as unfinished:
        unfinished.write(b'{"b')
    output.reopen()
    output.write(b"2\n")
    assert log.read_bytes().endswith(b'\n{"b\n2\n')


def test_a_link_a_pipe_or_a_file_that_others_may_write_is_refused(tmp_path: Path) -> None:
    target, link, pipe, common = (tmp_path / name for name in ("target", "link", "pipe", "common"))
    link.symlink_to(target)
    os.mkfifo(pipe, 0o600)
    common.touch()
    common.chmod(0o666)
    for path in (link, pipe, common, tmp_path):
        with pytest.raises(ConfigError, match="the audit log"):
            FileOutput(path)
    assert not target.exists()


def test_after_a_rename_the_log_continues_in_a_new_file_when_it_is_reopened(tmp_path: Path) -> None:
    log, earlier = tmp_path / "audit.log", tmp_path / "audit.log.1"
    audit = Audit(FileOutput(log), FakeClock(), str)
    _told(audit)
    log.rename(earlier)
    _told(audit)
    audit.reopen()
    _told(audit)
    assert (len(earlier.read_bytes().splitlines()), len(log.read_bytes().splitlines())) == (2, 1)


def test_a_log_that_cannot_be_reopened_continues_in_the_earlier_file(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    log, earlier = tmp_path / "audit.log", tmp_path / "audit.log.1"
    audit = Audit(FileOutput(log), FakeClock(), str)
    log.rename(earlier)
    log.mkdir()
    audit.reopen()
    _told(audit)
    assert len(earlier.read_bytes().splitlines()) == 1
    assert [record.levelname for record in caplog.records] == ["ERROR"]


def test_a_stderr_that_nobody_reads_does_not_stop_a_call(caplog: pytest.LogCaptureFixture) -> None:
    ours, theirs = os.pipe()
    os.set_blocking(theirs, False)
    # More than a pipe holds.
    os.write(theirs, b"x" * 2_000_000)
    os.set_blocking(theirs, True)
    audit = Audit(StderrOutput(theirs), FakeClock(), str)
    _told(audit)
    assert audit.lost == 1
    os.close(ours)
    os.close(theirs)


def test_a_line_after_a_torn_one_begins_on_its_own(tmp_path: Path) -> None:
    ours, theirs = os.pipe()
    output = StderrOutput(theirs)
    with pytest.raises(OSError, match="not read"):
        output.write(b"x" * 2_000_000 + b"\n")
    # All that a pipe holds.
    assert set(os.read(ours, 2_000_000)) == set(b"x")
    output.write(b"{}\n")
    assert os.read(ours, 100) == b"\n{}\n"
    os.close(ours)
    os.close(theirs)


@pytest.fixture
def system_log() -> Iterator[tuple[socket.socket, str]]:
    """A socket that stands for the system's log."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.bind(f"{folder}/log")
        log.settimeout(30)
        yield log, f"{folder}/log"


def test_syslog_gets_a_line_with_priority_program_and_process(system_log: tuple[socket.socket, str]) -> None:
    log, address = system_log
    _told(Audit(SyslogOutput(address), FakeClock(), str))
    head, _, body = log.recv(65536).decode("ascii").partition(": ")
    assert head.startswith("<86>")
    assert head.endswith(f" vtaction[{os.getpid()}]")
    assert json.loads(body)["client"] == "soar"


def test_syslog_is_found_again_after_its_restart(system_log: tuple[socket.socket, str], tmp_path: Path) -> None:
    log, address = system_log
    clock = FakeClock()
    audit = Audit(SyslogOutput(address), clock, str)
    Path(address).unlink()
    log.close()
    _told(audit)
    assert audit.lost == 1
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as again:
        again.bind(address)
        again.settimeout(30)
        clock.advance(1.0)
        _told(audit)
        assert b"soar" in again.recv(65536)


def test_without_syslog_the_server_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no syslog"):
        SyslogOutput(str(tmp_path / "log"))


def test_the_calls_of_a_server_are_logged_without_keys_tokens_or_bodies(tmp_path: Path, lines: Lines) -> None:
    with serving(tmp_path, watchers=[Audit(lines, FakeClock(), str)]) as server:
        server.run({"id": "what the client wrote", "action": "lookup_hash", "params": {"hash": EICAR}}, READER)
        server.run({"action": "lookup_ip", "params": {"ip": KEY}}, EVERYTHING)
        server.call("POST", f"/v1/run?apikey={KEY}", "vtc_wrong", data="{}")
    first, second, third = lines.entries
    assert (first["client"], first["indicators"], first["outcome"], first["requests"]) == ("reader", [EICAR], "ok", 1)
    assert (second["client"], second["outcome"]) == ("everything", "invalid_indicator")
    assert (third["status"], third["refused"]) == (401, "wrong_token")
    for secret in (KEY, READER, EVERYTHING, "vtc_wrong", "what the client wrote"):
        assert secret not in lines.text.decode()


def test_the_line_of_a_batch_comes_at_its_end_and_has_the_bytes_that_were_sent(tmp_path: Path, lines: Lines) -> None:
    request = json.dumps({"action": "lookup_hash", "params": {"hash": EICAR}}) + "\n"
    kind = {"Content-Type": "application/x-ndjson"}
    with serving(tmp_path, watchers=[Audit(lines, FakeClock(), str)]) as server:
        sent = server.call("POST", "/v1/batch", READER, kind, data=request * 3).content
        server.call("HEAD", "/v1/actions", READER)
    *each, whole, head = lines.entries
    assert [entry.get("in_batch") for entry in each] == [True] * 3
    assert (whole["action"], whole["bytes"], whole["id"]) == ("batch", len(sent), each[0]["id"])
    assert (head["method"], head["bytes"]) == ("HEAD", 0)
