"""Progress bars on a terminal do not disturb other output."""

from __future__ import annotations

import contextlib
import io
import time
from collections.abc import Iterator

import pytest

from vt_connectors.adapters.cli.progress import Bars

BAR, ERASED = "awaiting answers", "\x1b[2K"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@contextlib.contextmanager
def a_terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    """stderr is one meanwhile. A fixture's would be replaced by pytest's own before the test."""
    terminal = Terminal()
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "100")
    with contextlib.redirect_stderr(terminal):
        yield terminal


def is_erased(text: str) -> bool:
    return text.rindex(ERASED) > text.rindex(BAR)


def test_they_are_gone_while_an_answer_is_written_and_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """The program behind the pipe may show the answer on the same terminal."""
    with a_terminal(monkeypatch) as terminal, Bars(2, 20.0) as bars:
        assert BAR in terminal.getvalue()
        with bars.aside():
            before = terminal.getvalue()
            time.sleep(0.3)  # longer than they take to be drawn again
            assert terminal.getvalue() == before
            assert is_erased(before)
        while is_erased(terminal.getvalue()):
            time.sleep(0.01)
    assert is_erased(terminal.getvalue())


def test_they_take_nothing_of_what_is_written_to_stdout(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with a_terminal(monkeypatch) as terminal, Bars(1, 20.0):
        print("an answer")
    assert BAR in terminal.getvalue()
    assert "an answer" not in terminal.getvalue()
    assert capsys.readouterr().out == "an answer\n"


def test_the_bytes_of_a_download_are_shown_also_if_their_number_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    with a_terminal(monkeypatch) as terminal, Bars(1, 20.0) as bars:
        bars.bytes_received(1_500_000, None)
        bars.bytes_received(2_500_000, 5_000_000)
        while "receiving" not in terminal.getvalue() or "2.5 MB" not in terminal.getvalue():
            time.sleep(0.01)
