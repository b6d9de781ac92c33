"""The port of a part of the server that answers calls below a path: each has its own tokens' place and errors."""

from __future__ import annotations

from typing import Protocol

from .callers import Caller
from .messages import Call, Refused, Reply


class Face(Protocol):
    def token_of(self, call: Call) -> str | None:
        """The client's token; None if the call has none."""

    def is_open(self, call: Call) -> bool:
        """Whether the call needs no token."""

    def answer(self, call: Call, caller: Caller) -> Reply:
        """May raise `Refused`."""

    def refuse(self, refused: Refused) -> Reply:
        """The reply to a call that the server refuses, in the form of this face."""


class QuickFace(Face, Protocol):
    def at_once(self, call: Call, caller: Caller) -> Reply | None:
        """The reply, if it is known without waiting for anything; else None, and `answer` answers. May raise `Refused`.

        It may read the call's body.
        """


def bearer_token(call: Call) -> str | None:
    """The token in `Authorization: Bearer` or `x-apikey`."""
    scheme, _, token = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    return call.headers.get("x-apikey") or None
