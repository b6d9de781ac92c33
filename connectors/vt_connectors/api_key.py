"""The API key as a value that does not print itself, and that can be found in texts and files."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from .errors import ConfigError
from .quick_imports import pattern

# A key is sent in a header: printable ASCII without blanks, of limited length. VirusTotal's keys have 64 characters.
_LONGEST = 256
# Shorter keys are used with the sandbox only, and occur in texts by chance.
_SHORTEST_RECOGNISED = 8
# Texts that may contain a key of VirusTotal's, in any of the forms below.
_LONG_ENOUGH = 64
_MAY_HOLD_ONE = pattern(r"[0-9A-Za-z%+/=_\\-]{64}")
_TIMES_DECODED = 3
_ESCAPED = pattern(r"\\u00([0-9a-fA-F]{2})|\\x([0-9a-fA-F]{2})")
_LINE_ENDS = b"\r\n"


def may_hold_a_key(text: str) -> bool:
    """Whether `text` may contain a key of VirusTotal's. Faster than reading the key."""
    if len(text) < _LONG_ENOUGH:
        return False
    # Most of these texts are hashes.
    return (text.isascii() and text.isalnum()) or _MAY_HOLD_ONE.search(text) is not None


class ApiKey:
    """A VirusTotal key. Only `reveal()` returns it, and only the client calls `reveal()`."""

    __slots__ = ("_in_base64", "_in_bytes", "_value")

    def __init__(self, value: str) -> None:
        value = value.strip()
        if not _has_shape(value):
            raise ConfigError("the API key is empty or has invalid characters; set VT_API_KEY or VT_API_KEY_FILE")
        self._value = value
        self._in_base64: list[str] | None = None
        self._in_bytes: tuple[list[bytes], list[bytes]] | None = None

    def reveal(self) -> str:
        return self._value

    @property
    def scope(self) -> str:
        """A hash that identifies the key's quota, so that the state never contains the key."""
        import hashlib  # here because it loads OpenSSL, which a cached answer does not need

        return hashlib.sha256(b"vt-connectors quota " + self._value.encode()).hexdigest()[:32]

    def redact(self, text: str) -> str:
        """`text` without the key, which for example VirusTotal's 401 message repeats."""
        from urllib.parse import quote, quote_plus

        for form in {self._value, quote(self._value, safe=""), quote_plus(self._value)}:
            text = text.replace(form, "[key]")
        if self.is_in(text):
            text = re.sub(re.escape(self._value), "[key]", text, flags=re.IGNORECASE)
        return "[key]" if self.is_in(text) else text

    def is_in(self, text: str) -> bool:
        """Whether `text` contains the key: in any case, percent-encoded, escaped, as base64 or hexadecimal digits, also
        of UTF-16, and broken over lines. Not in compressed data, and not a key of less than 8 characters.
        """
        if len(text) < self.shortest_holder:
            return False
        return any(self._occurs_in(decoded) for decoded in _decodings(text))

    @property
    def shortest_holder(self) -> float:
        """The minimum length of a text that contains the key."""
        length = len(self._value)
        return length if length >= _SHORTEST_RECOGNISED else math.inf

    def is_in_bytes(self, data: bytes) -> bool:
        """Like `is_in`, for the content of a file. Consecutive pieces must overlap by `longest_form` bytes."""
        if len(data) < self.shortest_holder:
            return False
        # Encoders break their output into lines.
        data = data.translate(None, _LINE_ENDS)
        lowered = data.lower()
        folded, exact = self._bytes_forms
        return any(form in lowered for form in folded) or any(form in data for form in exact)

    @property
    def longest_form(self) -> int:
        """The length in bytes of the longest form of the key, with line breaks."""
        folded, exact = self._bytes_forms
        return 3 * max(len(form) for form in (*folded, *exact))

    def _occurs_in(self, text: str) -> bool:
        lowered = text.lower()
        if self._value.lower() in lowered or self._value.encode().hex() in lowered:
            return True
        # Most texts are too short for base64, and its forms take long to make.
        return len(text) >= self._shortest_base64 and any(form in text for form in self._base64_forms)

    @property
    def _shortest_base64(self) -> int:
        """The length of the shortest of the base64 forms."""
        return (len(self._value) + 1) // 3 * 4 - 4

    @property
    def _base64_forms(self) -> list[str]:
        if self._in_base64 is None:
            raw, wide = self._value.encode(), self._value.encode("utf-16-le")
            self._in_base64 = [*_base64_forms(raw), *_base64_forms(wide)]
        return self._in_base64

    @property
    def _bytes_forms(self) -> tuple[list[bytes], list[bytes]]:
        if self._in_bytes is None:
            raw, lower = self._value.encode(), self._value.lower()
            folded = [lower.encode(encoding) for encoding in ("ascii", "utf-16-le", "utf-16-be")]
            folded += [raw.hex().encode(), self._value.encode("utf-16-le").hex().encode()]
            folded += ["".join(form % byte for byte in raw).encode() for form in ("%%%02x", "\\u%04x", "\\x%02x")]
            self._in_bytes = folded, [form.encode() for form in self._base64_forms]
        return self._in_bytes

    def __repr__(self) -> str:
        return "ApiKey([key])"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ApiKey) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> str:
        raise TypeError("an API key cannot be pickled")


def _has_shape(value: str) -> bool:
    return 0 < len(value) <= _LONGEST and value.isascii() and value.isprintable() and " " not in value


def _base64_forms(data: bytes) -> Iterator[str]:
    """The base64 of `data` within a longer text, without the characters that depend on the bytes beside it."""
    import base64

    for before in range(3):
        text = base64.b64encode(b"\0" * before + data).decode()
        form = text[4 if before else 0 : (before + len(data)) // 3 * 4]
        yield form
        if form != form.translate(_URL_SAFE):
            yield form.translate(_URL_SAFE)


_URL_SAFE = str.maketrans("+/", "-_")


def _decodings(text: str) -> Iterator[str]:
    """`text` unchanged, and after each kind of decoding."""
    for ignored in "\r\n\0":
        if ignored in text:
            text = text.replace(ignored, "")
    if not text.isascii():
        text = _plain(text)
    yield text
    if "\\" in text:
        text = _ESCAPED.sub(lambda found: chr(int(found[1] or found[2], 16)), text)
        yield text
    if "%" not in text:
        return
    from urllib.parse import unquote

    for _ in range(_TIMES_DECODED):
        if "%" not in text:
            return
        decoded = unquote(text, errors="replace").replace("\0", "")
        if decoded == text:
            return
        text = decoded
        yield text


def _plain(text: str) -> str:
    """Normalises full-width letters, and removes invisible characters."""
    import unicodedata

    return "".join(char for char in unicodedata.normalize("NFKC", text) if unicodedata.category(char) != "Cf")
