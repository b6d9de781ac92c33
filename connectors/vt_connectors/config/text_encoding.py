"""Text as the tools of Windows write it: with a mark of its order of bytes at the start, in UTF-8 or UTF-16."""

from __future__ import annotations

import codecs

# No mark begins as another one does. That of UTF-32 does, which nobody writes.
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_LONGEST = max(len(mark) for mark, _ in _MARKS)


def decoded(data: bytes) -> str:
    """All of a text, in UTF-8 unless its mark says otherwise. Raises `UnicodeDecodeError`."""
    encoding, mark = _encoding_of(data)
    return data[mark:].decode(encoding)


class Lines:
    """The lines of a text that arrives in pieces: `feed` them, then `end`. They have no ends of lines, no blanks around
    them and no marks; blank lines are left out. What cannot be decoded becomes U+FFFD.
    """

    def __init__(self) -> None:
        self._head: bytes | None = b""
        self._decoder: codecs.IncrementalDecoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._unended = ""

    def feed(self, piece: bytes) -> list[str]:
        """The lines that end in `piece`."""
        if self._head is not None:
            self._head += piece
            if len(self._head) < _LONGEST and b"\n" not in self._head:
                return []
            piece = self._begin(self._head)
        return self._split(self._decoder.decode(piece))

    def end(self) -> list[str]:
        """The last line, if it has no end."""
        head = self._begin(self._head) if self._head is not None else b""
        return self._split(self._decoder.decode(head, final=True) + "\n")

    def _begin(self, head: bytes) -> bytes:
        encoding, mark = _encoding_of(head)
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._head = None
        return head[mark:]

    def _split(self, text: str) -> list[str]:
        *lines, self._unended = (self._unended + text).replace("\r", "\n").split("\n")
        # A mark stands within where one file was put behind another.
        return [bare for bare in (line.strip().strip("\ufeff").strip() for line in lines) if bare]


def _encoding_of(head: bytes) -> tuple[str, int]:
    """The encoding, and the length of the mark."""
    return next(((name, len(mark)) for mark, name in _MARKS if head.startswith(mark)), ("utf-8", 0))
