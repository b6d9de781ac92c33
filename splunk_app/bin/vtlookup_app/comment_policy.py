"""A comment as a request document. `policy` decides whether it is allowed."""

from __future__ import annotations

import re
from typing import Any

from .options import KINDS, UsageError

# Tokens that Splunk replaces: $result.md5$, $name$, $trigger_date$, $row.src ip|u$; not "$5 and $6", nor $HOME/$USER.
_TOKEN = re.compile(r"\$[@!]?(?:(?:result|row|click|job|form|env|alert)\.[^$\n]{1,200}|[A-Za-z_@][\w.@:{}|-]{0,200})\$")
_LONGEST_SHOWN = 60


def unfilled(*texts: str) -> str | None:
    """An error message if one of `texts` has a `$...$` that Splunk should have replaced; else None.

    The comment is public, so such a token must not be sent.
    """
    found = next(filter(None, map(_TOKEN.search, texts)), None)
    if found is None:
        return None
    return f"{found[0][:_LONGEST_SHOWN]} was not filled in by Splunk: check its spelling; nothing was sent"


def request_of(indicator: str, kind: str, comment: str) -> dict[str, Any]:
    """The request that adds the comment; `kind` may be empty. Raises `UsageError` if it is not a type, or if a
    `$...$` was not replaced.
    """
    problem = unfilled(indicator, kind, comment)
    if problem is not None:
        raise UsageError(problem)
    if kind and kind not in KINDS:
        raise UsageError(f"type={kind[:80]!r}: one of {', '.join(KINDS)}")
    params = {"indicator": indicator, "comment": comment, **({"type": kind} if kind and kind != "ioc" else {})}
    return {"action": "add_comment", "params": params}
