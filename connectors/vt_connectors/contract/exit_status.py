"""A process's exit status, by the action contract."""

from __future__ import annotations

from typing import Any

OK, FAILED, MALFORMED, RETRY_LATER = 0, 1, 2, 75
_MALFORMED = frozenset(("invalid_request", "unknown_action", "unsupported_version", "config_error"))


class ExitCode:
    """Tell it every response; `value` is 2 if one was malformed or the configuration is, else 1 if one failed for
    good, else 75 if one may succeed later, else 0.
    """

    def __init__(self) -> None:
        self._codes = {OK}

    def saw(self, response: dict[str, Any]) -> None:
        error = response["error"]
        if error is not None:
            self._codes.add(exit_status_of(error["code"], retryable=error["retryable"]))

    def add(self, code: int) -> None:
        """What failed without being the answer to a request."""
        self._codes.add(code)

    @property
    def value(self) -> int:
        return next(code for code in (MALFORMED, FAILED, RETRY_LATER, OK) if code in self._codes)


def exit_status_of(code: str, *, retryable: bool) -> int:
    """The exit status for an error with this code, if it is the only one."""
    if code in _MALFORMED:
        return MALFORMED
    return RETRY_LATER if retryable else FAILED
