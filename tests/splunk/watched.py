"""A file that nothing of the app may open, and a record of all files that its processes open."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from .searching import Lookup

SECRET = "the-first-line-of-another-users-file"
_SITE = """
import os, sys

_record = os.open({record!r}, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

def _note(event, args):
    if event == "open" and isinstance(args[0], (str, bytes)):
        os.write(_record, os.fsencode(args[0]) + b"\\n")

sys.addaudithook(_note)
"""
_LOGGING = """[loggers]
keys=root
[handlers]
keys=one
[formatters]
keys=
[logger_root]
handlers=one
[handler_one]
class=StreamHandler
args=(open({marker!r}, "w"),)
"""


@dataclass(frozen=True)
class Bait:
    """`evaluates` is a logging configuration that makes `marker` if it is loaded; `secret` is no such file.

    `opened` is what `lookup`'s processes have opened so far.
    """

    evaluates: Path
    secret: Path
    marker: Path
    record: Path
    lookup: Lookup

    @property
    def opened(self) -> set[str]:
        return set(self.record.read_text("utf-8").splitlines()) if self.record.exists() else set()

    def is_untouched(self) -> bool:
        """Whether processes ran, and none has opened one of the files."""
        ran = any(path.endswith((".py", ".pyc")) for path in self.opened)
        return ran and not self.marker.exists() and not self.opened & {str(self.evaluates), str(self.secret)}


def logging_configuration(marker: Path) -> str:
    """The text of one that makes `marker` where it is loaded."""
    return _LOGGING.format(marker=str(marker))


def bait(folder: Path, lookup: Lookup) -> Bait:
    marker, record = folder / "marker", folder / "opened"
    (folder / "site").mkdir()
    (folder / "site/sitecustomize.py").write_text(_SITE.format(record=str(record)), "utf-8")
    evaluates, secret = folder / "evaluates.conf", folder / "secret"
    evaluates.write_text(logging_configuration(marker), "utf-8")
    secret.write_text(f"{SECRET}\nmore\n", "utf-8")
    watched = dataclasses.replace(lookup, environment={**lookup.environment, "PYTHONPATH": str(folder / "site")})
    return Bait(evaluates, secret, marker, record, watched)
