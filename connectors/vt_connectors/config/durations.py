"""Parses durations such as `15m`, for settings, command lines and Splunk's options."""

from __future__ import annotations

import re

from ..patterns import pattern

_DURATION = pattern(r"([0-9]{1,12}(?:\.[0-9]{1,9})?)\s*(ms|[smhdw])?", re.ASCII)
_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}


def seconds_of(text: str) -> float | None:
    """Seconds of `3600`, `90s`, `15m`, `12h`, `7d`, `2w` or `500ms`, in any case; None for anything else."""
    found = _DURATION.fullmatch(text.strip().lower())
    return float(found[1]) * _UNIT_S[found[2] or "s"] if found else None
