"""The app's library folders: `lib` for every Python, `lib/py39` and the like for one version and newer."""

from __future__ import annotations

import sys
from pathlib import Path

_APP = Path(__file__).resolve().parents[2]


def library_folders(app: Path = _APP, minor: int = sys.version_info.minor) -> list[str]:
    """The folders of `app` with the libraries for Python 3.`minor`.

    Of the folders for one Python version, the newest that is not newer than this one.
    """
    lib = app / "lib"
    made_for = [int(folder.name[3:]) for folder in lib.glob("py3*") if folder.name[3:].isdigit()]
    fitting = [other for other in made_for if other <= minor]
    return [str(lib), *([str(lib / f"py3{max(fitting)}")] if fitting else [])]


def put_first() -> None:
    """Put our folders first in `sys.path`: folders of other apps may have other versions of the same packages."""
    sys.path[:0] = [*library_folders(), str(_APP / "bin")]
