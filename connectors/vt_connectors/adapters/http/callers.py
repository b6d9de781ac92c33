"""Who calls: the client that a token names, and what it may do."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from ...api_key import ApiKey
from ..server.rights import DEFAULT_RIGHTS as DEFAULT_RIGHTS
from ..server.rights import RIGHTS as RIGHTS
from ..server.rights import Right as Right

LONGEST_WAIT_S = 10.0


class Caller(NamedTuple):
    """The client of a token.

    `rights`: see `server/rights.py`.
    `share`: percent of the day's and month's quota that are reserved for it. `longest_wait_s`: for quota.
    `api_key`: the caller's own VirusTotal key, given instead of a token; its requests use that key's quota.
    """

    name: str
    rights: frozenset[Right] = DEFAULT_RIGHTS
    share: int = 0
    longest_wait_s: float = LONGEST_WAIT_S
    api_key: ApiKey | None = None

    @property
    def client(self) -> str:
        """Its name in the queue for quota."""
        return f"token:{self.name}"


class Tokens(Protocol):
    """The tokens of the server."""

    def find(self, token: str) -> Caller | None:
        """The caller with this token; None if there is none."""
