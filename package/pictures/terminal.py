"""Pictures of `vtaction` at a terminal, as SVG files: the real program asks the sandbox, and its output is drawn.

`python -m package.pictures.terminal [FOLDER]` writes them, by default into docs/pictures/.
"""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from vt_connectors.sandbox import Quota, SandboxServer

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "pictures"
_INVOICE = "d75e71a9b6501b283cead761d0d4505dba8adfc1b9adee5bbeb6ab5e0b1571d2"
# Deletes lines and moves up, as progress bars do: what is drawn is what stays.
_PROGRESS = re.compile(r"\x1b\[\?25l.*?\x1b\[\?25h(?:\r?\x1b\[1A\x1b\[2K)*", re.DOTALL)
_FONT_FACES = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)
_THEME = TerminalTheme(
    (24, 26, 31),
    (222, 224, 228),
    # black, red, green, yellow, blue, magenta, cyan, white
    [
        *((24, 26, 31), (240, 98, 98), (120, 200, 120), (232, 184, 80)),
        *((110, 160, 240), (200, 130, 230), (90, 200, 200), (222, 224, 228)),
    ],
)


class Picture(NamedTuple):
    """`lines` are typed one after another; `first` are run before them, and not shown."""

    name: str
    title: str
    columns: int
    lines: tuple[str, ...]
    first: tuple[str, ...] = ()


PICTURES = (
    Picture("overview", "vtaction", 82, ("vtaction",)),
    Picture("report", "One indicator", 120, ("vtaction lookup 44d88612fea8a8f36de82e1278abb02f",)),
    Picture(
        "table",
        "Several indicators",
        140,
        (f"vtaction lookup {_INVOICE} malicious.example 8.8.8.8 10.1.2.3 http://malicious.example/payload.bin",),
    ),
    Picture("narrow", "The same on 80 columns", 80, (f"vtaction lookup {_INVOICE} malicious.example 8.8.8.8",)),
    Picture("quota", "The quota", 100, ("vtaction quota",), ("vtaction lookup 8.8.8.8 1.1.1.1 9.9.9.9",)),
    Picture(
        "errors",
        "What went wrong, and what to do next",
        100,
        ("vtaction lookup-ip 8.8.8.8 --jsn", "vtaction lookup malicous", "vtaction lokup 8.8.8.8"),
    ),
)


def draw(picture: Picture, environment: dict[str, str]) -> str:
    """The picture as SVG."""
    console = Console(width=picture.columns, record=True, file=io.StringIO(), force_terminal=True)
    for line in picture.first:
        _output_of(line, environment, picture.columns)
    for line in picture.lines:
        console.print(Text.assemble(("$ ", "green"), (line, "bold")))
        console.print(Text.from_ansi(_output_of(line, environment, picture.columns)))
    svg = console.export_svg(title=picture.title, theme=_THEME, unique_id=f"vtaction-{picture.name}")
    # No font is loaded from another site.
    return _FONT_FACES.sub("", svg).replace("font-family: Fira Code", "font-family: ui-monospace")


def _output_of(line: str, environment: dict[str, str], columns: int) -> str:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 60, columns, 0, 0))
    command = [sys.executable, "-m", "vt_connectors", *line.split()[1:]]
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    seen = b""
    with contextlib.suppress(OSError):  # Linux reports EIO at the end
        while piece := os.read(ours, 65536):
            seen += piece
    os.close(ours)
    process.wait()
    return _PROGRESS.sub("", seen.decode("utf-8")).replace("\r\n", "\n").rstrip("\n")


def environment_for(url: str, folder: Path) -> dict[str, str]:
    """Nothing of this user's settings."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("VT_", "NO_COLOR"))}
    ours = {"VT_API_URL": url, "VT_API_KEY": "sandbox", "VT_STATE": str(folder / "state.db"), "VT_CONFIG": ""}
    return {**inherited, **ours, "TERM": "xterm-256color"}


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for picture in PICTURES:
        with SandboxServer(Quota()) as server, tempfile.TemporaryDirectory() as state:
            svg = draw(picture, environment_for(server.url, Path(state)))
        file = folder / f"terminal-{picture.name}.svg"
        file.write_text(svg, "utf-8")
        print(file)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
