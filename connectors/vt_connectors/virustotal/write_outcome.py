"""Classifies the response to a write: failed, or outcome unknown. Pure."""

from __future__ import annotations

from ..errors import ConnectorError, OutcomeUnknown, TooLarge

# The front end got no response from VirusTotal in time, but a POST may have reached it.
_FRONT_END_GAVE_UP = (502, 504)
# With these statuses a POST was not passed on: it is a redirect, or a proxy requires a login.
_NOT_PASSED_ON = (301, 307, 308, 407)


def error_of_a_write(error: ConnectorError) -> ConnectorError:
    """The error for a POST with an unexpected response.

    Unless VirusTotal itself reports the failure, or the status shows that nothing was passed on, it may have taken
    effect.
    """
    status = error.http_status
    if status == 413:
        return TooLarge("the request is too large for VirusTotal, or for a proxy on the way", http_status=status)
    if status in _NOT_PASSED_ON or (error.vt_code is not None and status not in _FRONT_END_GAVE_UP):
        return error
    return outcome_unknown(error.message, status)


def outcome_unknown(why: str, status: int | None = None) -> OutcomeUnknown:
    """The error for a POST without a response, or with an invalid one."""
    return OutcomeUnknown(
        f"the request was sent, but no response came ({why}); it was not repeated: check whether it took effect "
        "before you repeat it",
        http_status=status,
    )
