"""A comment as a request of the action contract. Whether it may be made, `policy` says."""

from __future__ import annotations

import re
from typing import Any

from .options import KINDS, UsageError

# What Splunk fills in: $result.md5$, $name$, $trigger_date$, $row.src ip|u$; not "$5 and $6", nor $HOME/$USER.
_TOKEN = re.compile(r"\$[@!]?(?:(?:result|row|click|job|form|env|alert)\.[^$\n]{1,200}|[A-Za-z_@][\w.@:{}|-]{0,200})\$")
_LONGEST_SHOWN = 60


def unfilled(*texts: str) -> str | None:
    """What is wrong if a `$...$` that Splunk should have filled in is left in one of `texts`; None if none is.

    Everyone could read it, and whatever stands in its place elsewhere.
    """
    found = next(filter(None, map(_TOKEN.search, texts)), None)
    if found is None:
        return None
    return f"{found[0][:_LONGEST_SHOWN]} was not filled in by Splunk: look at its spelling; nothing was sent"


def request_of(indicator: str, kind: str, comment: str) -> dict[str, Any]:
    """The request that comments; `kind` may be empty. Raises `UsageError` where it is no type, or if a
    `$...$` was left as it is.
    """
    told = unfilled(indicator, kind, comment)
    if told is not None:
        raise UsageError(told)
    if kind and kind not in KINDS:
        raise UsageError(f"type={kind[:80]!r}: one of {', '.join(KINDS)}")
    params = {"indicator": indicator, "comment": comment, **({"type": kind} if kind and kind != "ioc" else {})}
    return {"action": "add_comment", "params": params}
