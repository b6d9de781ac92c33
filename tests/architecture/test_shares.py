"""The workers that run the tests share them so that each begins with long ones."""

from __future__ import annotations

import pytest

from tests.shares import dealt


def _group(item: str) -> int | None:
    """Items are a group's number and a letter, or a letter alone."""
    return int(item[0]) if item[0].isdigit() else None


@pytest.mark.parametrize(
    ("items", "workers", "shares"),
    [
        ("a 0x b 1x c 0y d e f g", 2, ["0x 0y a b c", "1x d e f g"]),
        ("a 2x b 1x c 0x d e f g", 2, ["0x 2x a b c", "1x d e f g"]),
        ("a b c d e 1x f", 3, ["a b", "1x c", "d e f"]),
        ("1x a 0x b", 1, ["0x 1x a b"]),
        # A group that is larger than a share goes on in the next one.
        ("a b 0v 0w 0x 0y", 3, ["0v 0w", "0x 0y", "a b"]),
        ("", 3, ["", "", ""]),
    ],
)
def test_each_share_begins_with_whole_groups(items: str, workers: int, shares: list[str]) -> None:
    assert dealt(items.split(), _group, workers) == " ".join(shares).split()
