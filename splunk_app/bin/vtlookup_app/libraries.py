"""Where the app's libraries are: in `lib` for every Python, in `lib/py39` and the like those made for some alone."""

from __future__ import annotations

import sys
from pathlib import Path

_APP = Path(__file__).resolve().parents[2]


def library_folders(app: Path = _APP, minor: int = sys.version_info.minor) -> list[str]:
    """The folders of `app` that Python 3.`minor` takes libraries from.

    Of those made for one Python it is the newest that is not newer than this one.
    """
    lib = app / "lib"
    made_for = [int(folder.name[3:]) for folder in lib.glob("py3*") if folder.name[3:].isdigit()]
    fitting = [other for other in made_for if other <= minor]
    return [str(lib), *([str(lib / f"py3{max(fitting)}")] if fitting else [])]


def put_first() -> None:
    """Other apps' folders may be on Python's path, with other versions of the same packages: ours come before them."""
    sys.path[:0] = [*library_folders(), str(_APP / "bin")]
