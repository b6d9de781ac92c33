"""The key as a value that does not print itself."""

from __future__ import annotations

import re
from urllib.parse import quote, quote_plus

from .errors import ConfigError

# A key travels in a header: printable ASCII without blanks, of a sane length. VirusTotal's own are 64 characters.
_SHAPE = re.compile(r"[!-~]{1,256}")


class ApiKey:
    """A VirusTotal key. Only `reveal()` gives it away, and only the client calls that."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        value = value.strip()
        if not _SHAPE.fullmatch(value):
            raise ConfigError("the API key is empty or has characters no key has; set VT_API_KEY or VT_API_KEY_FILE")
        self._value = value

    def reveal(self) -> str:
        return self._value

    @property
    def scope(self) -> str:
        """What quota is kept under: a hash, so that the state file never holds the key."""
        import hashlib  # which loads OpenSSL: a cached answer needs none of it

        return hashlib.sha256(b"vt-connectors quota " + self._value.encode()).hexdigest()[:32]

    def redact(self, text: str) -> str:
        """`text` without the key. VirusTotal's 401 message echoes it."""
        for form in {self._value, quote(self._value, safe=""), quote_plus(self._value)}:
            text = text.replace(form, "[key]")
        return text

    def __repr__(self) -> str:
        return "ApiKey([key])"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ApiKey) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> str:
        raise TypeError("an API key is not pickled")
