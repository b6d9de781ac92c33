"""Several values in one cell: `$a$;$b$`, with each `$` of a value doubled."""

from __future__ import annotations

import re
from collections.abc import Sequence

_ENCODED = re.compile(r"\$((?:\$\$|[^$])*)\$(?:;|\Z)")


def decode(text: str) -> list[str]:
    return [match.replace("$$", "$") for match in _ENCODED.findall(text)]


def encode(values: Sequence[str]) -> str:
    return ";".join("$" + value.replace("$", "$$") + "$" for value in values)
