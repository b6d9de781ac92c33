"""A file that nothing of the app may open, and a record of all files that its processes open."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from .forked_app import ForkedApp
from .opened_files import VARIABLE
from .searching import Lookup

SECRET = "the-first-line-of-another-users-file"
_SITE = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import opened_files
del sys.path[0]
sys.addaudithook(opened_files._note)
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

    `opened` is what the processes of `lookup` and of `started` have opened so far.
    """

    evaluates: Path
    secret: Path
    marker: Path
    record: Path
    lookup: Lookup

    @property
    def started(self) -> Lookup:
        """The same with processes that are started: what is imported at the start is opened too."""
        site = str(self.record.parent / "site")
        return dataclasses.replace(self.lookup.set(PYTHONPATH=site), forked=None)

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
    (folder / "site/sitecustomize.py").write_text(_SITE, "utf-8")
    evaluates, secret = folder / "evaluates.conf", folder / "secret"
    evaluates.write_text(logging_configuration(marker), "utf-8")
    secret.write_text(f"{SECRET}\nmore\n", "utf-8")
    watched = dataclasses.replace(lookup.set(**{VARIABLE: str(record)}), forked=ForkedApp(lookup.app, is_watched=True))
    return Bait(evaluates, secret, marker, record, watched)
