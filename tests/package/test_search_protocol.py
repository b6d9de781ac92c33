"""The driver keeps splunkd's side of the protocol, and notices a command that does not keep its own."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from package.splunkd_driver.driver import Chunk, ProtocolError, SearchInfo, SearchProcess, SearchTimeout, run_search

from .commands import plain_command

EVENTS: list[Chunk] = [[{"name": "a"}], [{"name": "b"}]]


def test_a_getinfo_reply_with_an_error_ends_the_search(tmp_path: Path) -> None:
    script = plain_command(tmp_path, "ask(); tell({'error': 'no key'})")
    result = run_search(script, EVENTS)
    assert result.messages == [("ERROR", "no key")]
    assert (result.replies, result.complete, result.exit_code) == ([], False, 0)


def test_a_command_that_never_starts_is_reported_with_what_it_said(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("import no_such_module\n", "utf-8")
    result = run_search(tmp_path / "broken.py", EVENTS)
    assert (result.getinfo, result.complete, result.exit_code) == (None, False, 1)
    assert "no_such_module" in result.stderr


def test_the_command_is_started_without_arguments_and_told_of_the_search(tmp_path: Path) -> None:
    script = plain_command(
        tmp_path,
        """
        getinfo = json.loads(ask()[0])
        tell({"argv": sys.argv[1:], "heard": getinfo})
        """,
    )
    info = SearchInfo(["hash=md5"], session_key="k", splunkd_uri="https://127.0.0.1:8089", dispatch_dir="/d")
    result = run_search(script, [], info)
    assert result.getinfo is not None
    assert result.getinfo.metadata["argv"] == []
    heard = result.getinfo.metadata["heard"]
    assert heard["action"] == "getinfo"
    told = {name: heard["searchinfo"][name] for name in ("args", "session_key", "splunkd_uri", "dispatch_dir")}
    assert told == {
        "args": ["hash=md5"],
        "session_key": "k",
        "splunkd_uri": "https://127.0.0.1:8089",
        "dispatch_dir": "/d",
    }


def test_a_command_that_answers_while_it_reads_a_big_chunk_does_not_block(tmp_path: Path) -> None:
    script = plain_command(
        tmp_path,
        """
        ask(); tell({})
        for line in sys.stdin.buffer:
            _, meta, body = line.split(b",")
            sys.stdin.buffer.read(int(meta))
            left = int(body)
            sys.stdout.buffer.write(b"chunked 1.0,2,%d\\n{}" % left)
            while left:
                block = sys.stdin.buffer.read(min(left, 65536))
                sys.stdout.buffer.write(block)
                left -= len(block)
            sys.stdout.buffer.flush()
        """,
    )
    chunk = [{"name": str(number), "text": "x" * 1000} for number in range(8000)]
    result = run_search(script, [chunk], timeout=30)
    assert result.records == chunk


def test_a_field_that_no_event_has_is_not_sent(tmp_path: Path) -> None:
    script = plain_command(
        tmp_path,
        """
        ask(); tell({"type": "stateful", "required_fields": ["md5"]})
        for _ in range(2):
            tell({}, ask()[1])
        """,
    )
    result = run_search(script, [[{"host": "a"}, {"host": "b"}]])
    assert result.replies[0].header == ["_chunked_idx", "__mv__chunked_idx"]
    assert result.records == [{"host": "a"}, {"host": "b"}]


def test_a_sent_field_that_the_reply_leaves_out_is_lost(tmp_path: Path) -> None:
    script = plain_command(
        tmp_path,
        """
        ask(); tell({"type": "stateful", "required_fields": ["md5"]})
        ask(); tell({}, "_chunked_idx,new\\n0,1\\n")
        ask(); tell({"finished": True})
        """,
    )
    assert run_search(script, [[{"md5": "a", "host": "b"}]]).records == [{"host": "b", "new": "1"}]


@pytest.mark.parametrize("reply", ["new\\n1\\n", "_chunked_idx\\n7\\n", "_chunked_idx\\n\\x22\\x22\\n"])
def test_a_reply_whose_rows_fit_no_event_is_refused(reply: str, tmp_path: Path) -> None:
    script = plain_command(tmp_path, f"ask(); tell({{'required_fields': ['md5']}})\nask(); tell({{}}, '{reply}')")
    with pytest.raises(ProtocolError, match="_chunked_idx"):
        run_search(script, [[{"md5": "a"}]])


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("print('hello', flush=True)\ntell({})", "a chunk should begin here"),
        ("tell({}); tell({})", "after the last reply"),
        ("os.write(1, b'chunked 1.0,2,100\\n{}short')", "declares 100 bytes, only 5 came"),
        ("sys.stderr.write('the reason'); tell({}, 'a,b\\n1\\n')", "the reason"),
    ],
)
def test_a_command_that_breaks_the_protocol_is_refused(body: str, complaint: str, tmp_path: Path) -> None:
    script = plain_command(tmp_path, f"ask(); tell({{}}); ask()\n{body}")
    with pytest.raises(ProtocolError, match=complaint):
        run_search(script, [])


@pytest.mark.parametrize("place", ["time.sleep(60)", "ask(); tell({}); ask(); tell({}); time.sleep(60)"])
def test_a_command_that_does_not_end_is_killed_in_time(place: str, tmp_path: Path) -> None:
    script = plain_command(tmp_path, place)
    started = time.monotonic()
    with pytest.raises(SearchTimeout):
        run_search(script, [], timeout=1)
    assert time.monotonic() - started < 40


def test_a_commands_children_die_with_it(tmp_path: Path) -> None:
    script = plain_command(
        tmp_path,
        """
        ask()
        child = subprocess.Popen(["sleep", "60"])
        tell({"child": child.pid})
        time.sleep(60)
        """,
    )
    with SearchProcess(script) as process:
        reply = process.exchange({"action": "getinfo"})
        assert reply is not None
    assert has_ended(process.pid)
    assert has_ended(reply.metadata["child"])


def has_ended(pid: int) -> bool:
    """Whether the process is gone within half a minute; one that only waits to be reaped counts as gone."""
    for _ in range(300):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        status = Path(f"/proc/{pid}/stat")
        if status.is_file() and ") Z " in status.read_text("utf-8"):
            return True
        time.sleep(0.1)
    return False
