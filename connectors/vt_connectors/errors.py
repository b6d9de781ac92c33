"""The errors: one root, and one class for each error code of the action contract (`schemas/response.json`)."""

from __future__ import annotations

import os
import sys

from .light_typing import TYPE_CHECKING, Any, ClassVar
from .log import logger
from .quick_imports import suppress

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypedDict

    class ErrorDocument(TypedDict):
        """The contract's `error` object."""

        code: str
        message: str
        retryable: bool
        retry_after_s: float | None
        http_status: int | None
        vt_code: str | None
        details: dict[str, Any]


_LOG = logger("core")


class ConnectorError(Exception):
    """The root. `message` says what happened, to which value, and what to do.

    `retry_after`: in seconds, or None if the time is unknown. `details` is JSON-ready.
    """

    code: ClassVar[str] = "internal"
    # When it occurs, for people; the manifest shows it.
    about: ClassVar[str] = ""
    # Whether another process has the key that this one lacks, and can be asked.
    key_is_elsewhere: ClassVar[bool] = False
    # The default of the code; an error may be created with another value.
    retryable: bool = False

    def __init__(
        self,
        message: str,
        *,
        retry_after: float | None = None,
        http_status: int | None = None,
        vt_code: str | None = None,
        details: dict[str, Any] | None = None,
        retryable: bool | None = None,
    ) -> None:
        super().__init__(message)
        if retryable is not None:
            self.retryable = retryable
        self.message = message
        self.retry_after = retry_after
        self.http_status = http_status
        self.vt_code = vt_code
        self.details = details or {}

    def to_dict(self) -> ErrorDocument:
        """The contract's `error` object."""
        return {
            "code": self.code,
            "message": self.message,
            "retryable": self.retryable,
            "retry_after_s": self.retry_after,
            "http_status": self.http_status,
            "vt_code": self.vt_code,
            "details": self.details,
        }


class InvalidRequest(ConnectorError):
    code = "invalid_request"
    about = "The request is malformed: a parameter is missing, unknown or of the wrong type. details.path names it"


class UnknownAction(ConnectorError):
    code = "unknown_action"
    about = "The action is unknown. details.actions lists all actions"


class UnsupportedVersion(ConnectorError):
    code = "unsupported_version"
    about = "The version of the contract is not supported"


class InvalidIndicator(ConnectorError):
    code = "invalid_indicator"
    about = "The value is not a hash, URL, domain, address or id of the expected kind"


class ConfigError(ConnectorError):
    code = "config_error"
    about = "There is no API key, or a setting is wrong"


class AccessDenied(ConnectorError):
    code = "access_denied"
    about = "VirusTotal does not accept the API key"


class Forbidden(ConnectorError):
    code = "forbidden"
    about = "The API key's tier does not include this"


class RateLimited(ConnectorError):
    code = "rate_limited"
    about = "The quota is used up. retry_after_s says when to try again"
    retryable = True


class Conflict(ConnectorError):
    code = "conflict"
    about = "VirusTotal has this already, or is scanning it now. A scan may be repeated: then the error is retryable"


class TooLarge(ConnectorError):
    code = "too_large"
    about = "The file is larger than VirusTotal accepts"


class RequestTimeout(ConnectorError):
    code = "timeout"
    about = "No response arrived in time"
    retryable = True


class Unavailable(ConnectorError):
    code = "unavailable"
    about = "The connection failed, or VirusTotal is down"
    retryable = True


class InvalidResponse(ConnectorError):
    code = "invalid_response"
    about = "The response is not VirusTotal's, or is about another object"
    retryable = True


class OutcomeUnknown(ConnectorError):
    code = "outcome_unknown"
    about = "The request was sent, but no response arrived, so it may have taken effect. It is not repeated"


class Cancelled(ConnectorError):
    code = "cancelled"
    about = "The process was asked to end before the answer arrived"
    retryable = True


class Internal(ConnectorError):
    code = "internal"
    about = "A bug. The message has a reference to the log"


BY_CODE: dict[str, type[ConnectorError]] = {kind.code: kind for kind in ConnectorError.__subclasses__()}


def from_dict(error: Mapping[str, Any]) -> ConnectorError:
    """The error for a document of `to_dict`, for example from another process."""
    kind = BY_CODE.get(str(error.get("code")), Internal)
    return kind(
        str(error.get("message", "")),
        retry_after=error.get("retry_after_s"),
        http_status=error.get("http_status"),
        vt_code=error.get("vt_code"),
        details=error.get("details"),
        retryable=error.get("retryable"),
    )


def printable(text: str, instead: str = "?") -> str:
    """`text` for a message or a terminal: `instead` replaces each unprintable character, such as control characters."""
    return "".join(char if char.isprintable() else instead for char in text)


def internal_error() -> Internal:
    """The error for the current exception, which is logged under a reference. Never raises."""
    reference = os.urandom(4).hex()
    no_memory = _is_of_memory(sys.exc_info()[1])
    with suppress(Exception):
        # There may not be enough memory left for a traceback with source lines.
        _LOG.error("internal error %s", reference, exc_info=not no_memory)
    if no_memory:
        return Internal(f"out of memory; the reference in the log is {reference}", details={"cause": "memory"})
    return Internal(f"a bug in vt-connectors; the log has the traceback under the reference {reference}")


def told(failure: Exception, *, has_written: bool) -> ConnectorError:
    """The error for the caller after the current exception `failure`. Never raises.

    `has_written`: a write was sent, and VirusTotal did not refuse it. Then the error is always `OutcomeUnknown`,
    because a caller that repeated the write might perform it twice.
    """
    error = failure if isinstance(failure, ConnectorError) else internal_error()
    if not has_written or isinstance(error, OutcomeUnknown):
        return error
    return outcome_unknown(error)


def outcome_unknown(error: ConnectorError) -> OutcomeUnknown:
    """The error for a write that was sent and failed with `error`."""
    return OutcomeUnknown(
        f"a request that changes something at VirusTotal was sent, and its outcome is unknown ({error.message}); it "
        "was not repeated: check whether it took effect before you repeat it",
        http_status=error.http_status,
        vt_code=error.vt_code,
        details=error.details,
    )


def _is_of_memory(error: BaseException | None) -> bool:
    # An error for a library that does not fit into memory is recognisable by its text only.
    return isinstance(error, MemoryError) or "failed to map segment" in str(error)
