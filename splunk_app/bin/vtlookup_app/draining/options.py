"""The options of `| vtdrain`, checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..search_options import UsageError, duration


@dataclass(frozen=True)
class DrainOptions:
    """`keep` None: the usual share of the day. Times in seconds."""

    keep: int | None
    wait_s: float


def read_options(given: Mapping[str, str | None], positional: Sequence[str]) -> DrainOptions:
    """`given` are the options as texts, None where absent. Raises `UsageError`."""
    if positional:
        raise UsageError(f"what is {positional[0]!r}? Write keep=<requests> or wait=<seconds>")
    wait = given.get("wait")
    return DrainOptions(_keep(given.get("keep")), 0.0 if wait is None else duration("wait", wait))


def _keep(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise UsageError(f"keep={text!r}: write how many of the day's requests to leave to people")
    return int(text)
