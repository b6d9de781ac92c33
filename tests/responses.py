"""What tests read out of a response."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def error_of(response: Mapping[str, Any]) -> Mapping[str, Any]:
    """The error of a response that has one."""
    error: Mapping[str, Any] | None = response["error"]
    assert error is not None, response
    return error
