"""Decodes text as Windows tools write it: in UTF-8 or UTF-16 with a byte order mark."""

from __future__ import annotations

import codecs

# No mark is a prefix of another. UTF-32's mark would be an exception, but UTF-32 is not in use.
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_LONGEST = max(len(mark) for mark, _ in _MARKS)


def decoded(data: bytes) -> str:
    """The whole text, which is in UTF-8 unless it has another mark. Raises `UnicodeDecodeError`."""
    encoding, mark = _encoding_of(data)
    return data[mark:].decode(encoding)


class Lines:
    """The lines of a text that arrives in pieces: call `feed` with each, then `end`. Lines are returned without line
    ends, surrounding blanks and marks; blank lines are skipped. Bytes that cannot be decoded become U+FFFD.
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
        # A mark may be in the middle if files were concatenated.
        return [bare for bare in (line.strip().strip("\ufeff").strip() for line in lines) if bare]


def _encoding_of(head: bytes) -> tuple[str, int]:
    """The encoding, and the length of the mark."""
    return next(((name, len(mark)) for mark, name in _MARKS if head.startswith(mark)), ("utf-8", 0))
