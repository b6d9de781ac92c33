"""A real Splunk server with the app, as its checks use it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from package.real_splunk.session import Found, Session

EICAR = "44d88612fea8a8f36de82e1278abb02f"
LOOK_S = 1.0
_INDEXED_S = 60.0


class NotAsExpected(Exception):
    """The message says what was found instead."""


@dataclass
class Trial:
    """A server with the app, set up for the sandbox. `run` runs a command on splunkd's machine."""

    admin: Session
    analyst: Session
    run: Callable[..., str]
    sleep: Callable[[float], None] = time.sleep

    def rows(self, who: Session, search: str, **how: str) -> list[Mapping[str, Any]]:
        """The rows of a search that must succeed and have results."""
        found = who.search(search, **how)
        if found.failed or not found.rows:
            raise NotAsExpected(came_of(found))
        return found.rows

    def indexed(self, search: str) -> list[Mapping[str, Any]]:
        """Like `rows`, but waits until events are indexed."""
        for _ in range(int(_INDEXED_S / LOOK_S)):
            found = self.admin.search(search, earliest_time="-15m")
            if found.rows:
                return found.rows
            self.sleep(LOOK_S)
        raise NotAsExpected(f"nothing was indexed in {_INDEXED_S:g} s")

    def set(self, **settings: str) -> None:
        """Changes the app's settings."""
        answer = self.admin.document("POST", "vtlookup/settings", {"settings": settings})
        if "error" in answer:
            raise NotAsExpected(str(answer))


def came_of(found: Found) -> str:
    """A search's messages, else the number of its rows."""
    return "; ".join(found.messages) or f"{len(found.rows)} rows and no message"


def expect(condition: object, what: object) -> None:
    """Raises `NotAsExpected` with `what` if the condition does not hold."""
    if not condition:
        raise NotAsExpected(str(what)[:500])


def md5_of(name: str) -> str:
    """The hash of a file that only the sandbox may know."""
    return hashlib.md5(name.encode()).hexdigest()  # noqa: S324 - a name for a file, nothing secret
