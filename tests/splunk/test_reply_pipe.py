"""The output that replies are written to."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from vtlookup_app.chunks.protocol import widen

_F_GETPIPE_SZ = 1032


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can change the size of a pipe")
def test_a_pipe_holds_more_than_before() -> None:
    import fcntl

    reading, writing = os.pipe()
    with os.fdopen(reading, "rb"), os.fdopen(writing, "wb") as out:
        before = fcntl.fcntl(out, _F_GETPIPE_SZ)
        widen(out)
        assert fcntl.fcntl(out, _F_GETPIPE_SZ) > before


def test_another_output_is_left_as_it_is(tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as file:
        widen(file)
        file.write(b"a reply")
    widen(io.BytesIO())
    assert (tmp_path / "out").read_bytes() == b"a reply"
