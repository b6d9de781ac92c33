"""What `vtaction doctor` says of one thing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from ...errors import ConnectorError
from ...redaction import without_keys


@dataclass(frozen=True)
class Finding:
    """One thing looked at: `ok` is True, False, or None for what is only told."""

    about: str
    ok: bool | None
    text: str

    def without_keys(self) -> Finding:
        """The same without any key that is remembered."""
        return replace(self, text=without_keys(self.text))


def tried(about: str, look: Callable[[], str]) -> Finding:
    """What `look` tells, or what is wrong."""
    try:
        return Finding(about, True, look())
    except (ConnectorError, OSError) as error:
        return Finding(about, False, str(error))
