"""Several values in one cell: `$a$;$b$`, with each `$` of a value doubled; or a list that a log has in one value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

# What has none of these is one value: `vt_connectors.indicators.values_in`, which takes some time to load.
_MAY_BE_SEVERAL = re.compile("[ \t\r\n\f\v,;|]")
_ENCODED = re.compile(r"\$((?:\$\$|[^$])*)\$(?:;|\Z)")


def decode(text: str) -> list[str]:
    return [match.replace("$$", "$") for match in _ENCODED.findall(text)]


def encode(values: Sequence[str]) -> str:
    return ";".join("$" + value.replace("$", "$$") + "$" for value in values)


def each_of(values: Iterable[str], kind: Any) -> tuple[str, ...]:
    """`values`, and in place of one that lists several of `kind` (None: of any) its values."""
    found = tuple(values)
    if not any(map(_MAY_BE_SEVERAL.search, found)):
        return found
    from vt_connectors.indicators import values_in

    return tuple(part for value in found for part in values_in(kind, value))
