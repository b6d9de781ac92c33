"""Several values in one cell: `$a$;$b$`, with each `$` in a value doubled; or one value that is a list."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

# A text without these is one value. `vt_connectors.indicators.values_in` reads others, but takes time to import.
_MAY_BE_SEVERAL = re.compile("[ \t\r\n\f\v,;|]")
_ENCODED = re.compile(r"\$((?:\$\$|[^$])*)\$(?:;|\Z)")


def decode(text: str) -> list[str]:
    return [match.replace("$$", "$") for match in _ENCODED.findall(text)]


def encode(values: Sequence[str]) -> str:
    joined = "$;$".join(values)
    # Most values have no dollar sign.
    if joined.count("$") > 2 * (len(values) - 1):
        joined = "$;$".join(value.replace("$", "$$") for value in values)
    return f"${joined}$"


def each_of(values: Iterable[str], kind: Any) -> tuple[str, ...]:
    """`values`; a value that lists several of `kind` (None: of any kind) is replaced by these."""
    found = tuple(values)
    if not any(map(_MAY_BE_SEVERAL.search, found)):
        return found
    from vt_connectors.indicators import values_in

    return tuple(part for value in found for part in values_in(kind, value))
