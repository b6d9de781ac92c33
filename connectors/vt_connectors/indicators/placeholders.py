"""Placeholders for missing values in logs. In a table such a cell counts as empty; in a request it is invalid."""

from __future__ import annotations

import re

from ..patterns import pattern

# `-`, `N/A`, `unknown`, `none`, `null`, also in brackets or quotes, as in `(null)`.
_PLACEHOLDER = pattern(
    r"-{1,8}|(?P<open>[(<\[{\"']?)(?:n/a|unknown|none|null|-)(?P<close>[)>\]}\"']?)", re.IGNORECASE | re.ASCII
)
_PAIRS = ("", "()", "<>", "[]", "{}", '""', "''")


def is_placeholder(text: str) -> bool:
    """Whether `text` is a placeholder for a missing value: `-`, `N/A`, `unknown`, `none`, `null`, `(null)`."""
    found = _PLACEHOLDER.fullmatch(text.strip())
    return found is not None and (found["open"] or "") + (found["close"] or "") in _PAIRS


def has_no_value(cell: str) -> bool:
    """Whether a table's cell is empty, blank, or a placeholder."""
    return not cell.strip() or is_placeholder(cell)
