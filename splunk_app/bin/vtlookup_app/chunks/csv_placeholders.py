"""Replaces characters that events may have, but Python's `csv` refuses."""

from __future__ import annotations

import re

# NUL is refused by Python before 3.11, a lone CR outside of quotes by every Python.
_REFUSED = (("\0", re.compile("\0")), ("\r", re.compile("\r(?!\n)")))


class CsvPlaceholders:
    """Placeholders for a text's NULs and lone CRs that the text does not contain. False if none is needed."""

    def __init__(self, text: str) -> None:
        free = (chr(code) for code in range(0xFFFF, 0xDFFF, -1) if chr(code) not in text)
        self._pairs = [(pattern, char, next(free)) for char, pattern in _REFUSED if pattern.search(text)]

    def __bool__(self) -> bool:
        return bool(self._pairs)

    def put(self, text: str) -> str:
        for pattern, _, placeholder in self._pairs:
            text = pattern.sub(placeholder, text)
        return text

    def undo(self, text: str) -> str:
        for _, char, placeholder in self._pairs:
            text = text.replace(placeholder, char)
        return text
