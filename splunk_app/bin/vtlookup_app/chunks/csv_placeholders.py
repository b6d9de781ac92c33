"""Characters that Python's `csv` refuses in text, though events may have them."""

from __future__ import annotations

import re

# Refused by Python before 3.11, and outside of quotes by every Python.
_REFUSED = (("\0", re.compile("\0")), ("\r", re.compile("\r(?!\n)")))


class CsvPlaceholders:
    """For a text's NULs and lone CRs: characters that the text does not have. False where it needs none."""

    def __init__(self, text: str) -> None:
        free = (chr(code) for code in range(0xFFFF, 0xDFFF, -1) if chr(code) not in text)
        self._pairs = [(pattern, char, next(free)) for char, pattern in _REFUSED if pattern.search(text)]

    def __bool__(self) -> bool:
        return bool(self._pairs)

    def put(self, text: str) -> str:
        for pattern, _, stand_in in self._pairs:
            text = pattern.sub(stand_in, text)
        return text

    def undo(self, text: str) -> str:
        for _, char, stand_in in self._pairs:
            text = text.replace(stand_in, char)
        return text
