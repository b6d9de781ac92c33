"""What a bug of ours, or a lack of memory, looks like from outside."""

from __future__ import annotations

import contextlib
import os
import sys

from .errors import ConnectorError, Internal, OutcomeUnknown
from .log import logger

_LOG = logger("core")


def internal_error() -> Internal:
    """For the exception in hand, which goes to the log under a reference. Never raises."""
    reference = os.urandom(4).hex()
    no_memory = _is_of_memory(sys.exc_info()[1])
    with contextlib.suppress(Exception):
        # A traceback with its source lines takes more memory than may be left.
        _LOG.error("internal error %s", reference, exc_info=not no_memory)
    if no_memory:
        return Internal(f"out of memory; the log has it under {reference}", details={"cause": "memory"})
    return Internal(f"a bug in vt-connectors; the log has the traceback under the reference {reference}")


def told(failure: Exception, *, has_written: bool) -> ConnectorError:
    """What a caller is told of the exception in hand. Never raises.

    `has_written`: a request went out that changes something at VirusTotal, and VirusTotal did not refuse it. Then
    nothing else may be said than that its outcome is unknown: a caller that repeated it might have it done twice.
    """
    error = failure if isinstance(failure, ConnectorError) else internal_error()
    if not has_written or isinstance(error, OutcomeUnknown):
        return error
    return outcome_unknown(error)


def outcome_unknown(error: ConnectorError) -> OutcomeUnknown:
    """`error` after a request was sent that changes something."""
    return OutcomeUnknown(
        f"a request that changes something at VirusTotal was under way, and its end is not known ({error.message}); it "
        "was not repeated: look whether it took effect before you do",
        http_status=error.http_status,
        vt_code=error.vt_code,
        details=error.details,
    )


def _is_of_memory(error: BaseException | None) -> bool:
    # A library for which there is no room is told of in text alone.
    return isinstance(error, MemoryError) or "failed to map segment" in str(error)
