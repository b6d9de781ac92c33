"""What became of a request that changes something, as far as its answer says. Pure."""

from __future__ import annotations

from ..errors import ConnectorError, OutcomeUnknown, TooLarge

# What stands before VirusTotal heard nothing from it in time; a POST may have got through all the same.
_FRONT_END_GAVE_UP = (502, 504)
# With one of these a POST was not passed on: it is wanted elsewhere, or a proxy wants a login first.
_NOT_PASSED_ON = (301, 307, 308, 407)


def error_of_a_write(error: ConnectorError) -> ConnectorError:
    """The error of a POST whose answer is not the one that it should have had.

    Unless VirusTotal itself says that it failed, or the status that nothing was passed on, it may have taken effect.
    """
    status = error.http_status
    if status == 413:
        return TooLarge("the request is too large for VirusTotal, or for a proxy on the way", http_status=status)
    if status in _NOT_PASSED_ON or (error.vt_code is not None and status not in _FRONT_END_GAVE_UP):
        return error
    return outcome_unknown(error.message, status)


def outcome_unknown(why: str, status: int | None = None) -> OutcomeUnknown:
    """The error of a POST without an answer, or without one that can be understood."""
    return OutcomeUnknown(
        f"the request was sent and its answer never came ({why}); it was not repeated: look whether it took effect "
        "before you do",
        http_status=status,
    )
