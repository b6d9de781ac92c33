"""The action contract: requests and responses as documents, and here the exit status of a process."""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import BY_CODE
from ..light_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .response import Response

OK, FAILED, MALFORMED, RETRY_LATER = 0, 1, 2, 75
_MALFORMED = frozenset(("invalid_request", "unknown_action", "unsupported_version", "config_error"))


class ExitCode:
    """Call `saw` with every response. `value` is 2 if a request was malformed or the configuration is wrong, else 1 if
    a request failed permanently, else 75 if a request may succeed later, else 0.
    """

    def __init__(self) -> None:
        self._codes = {OK}

    def saw(self, response: Response) -> None:
        error = response["error"]
        if error is not None:
            self._codes.add(exit_status_of(error["code"], retryable=error["retryable"]))

    def add(self, code: int) -> None:
        """Add the exit status of a failure that is not the answer to a request."""
        self._codes.add(code)

    @property
    def value(self) -> int:
        return next(code for code in (MALFORMED, FAILED, RETRY_LATER, OK) if code in self._codes)


def status_of(codes: Iterable[str]) -> int:
    """The exit status for these error codes of the contract."""
    exit_code = ExitCode()
    for code in codes:
        kind = BY_CODE.get(code)
        exit_code.add(exit_status_of(code, retryable=kind is not None and kind.retryable))
    return exit_code.value


def exit_status_of(code: str, *, retryable: bool) -> int:
    """The exit status for an error with this code, if it is the only one."""
    if code in _MALFORMED:
        return MALFORMED
    return RETRY_LATER if retryable else FAILED
