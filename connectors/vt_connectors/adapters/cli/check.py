"""What `vtaction doctor` says of one thing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from ...errors import ConnectorError
from ...redaction import without_keys


@dataclass(frozen=True)
class Check:
    """One thing looked at: `ok` is True, False, or None for what is only told."""

    about: str
    ok: bool | None
    text: str

    def without_keys(self) -> Check:
        """The same without any key that is remembered."""
        return replace(self, text=without_keys(self.text))


def check(about: str, look: Callable[[], str]) -> Check:
    """What `look` tells, or what is wrong."""
    try:
        return Check(about, True, look())
    except (ConnectorError, OSError) as error:
        return Check(about, False, str(error))
