"""VirusTotal's error responses."""

from __future__ import annotations

Headers = tuple[tuple[str, str], ...]

_NAMES = {
    400: "BadRequestError",
    401: "WrongCredentialsError",
    403: "ForbiddenError",
    404: "NotFoundError",
    409: "AlreadyExistsError",
    424: "FailedDependencyError",
    503: "TransientError",
    504: "DeadlineExceededError",
}


class ApiError(Exception):
    """An error response: HTTP status, VirusTotal's error code, its message, and extra headers."""

    def __init__(self, status: int, code: str, message: str, headers: Headers = ()) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers


class BodyTooLargeError(Exception):
    """A request's body exceeds its endpoint's limit; the response is HTML, not the API's JSON."""


def bad_request(message: str) -> ApiError:
    """400: the request itself is malformed."""
    return ApiError(400, "BadRequestError", message)


def invalid_argument(message: str) -> ApiError:
    """400: an argument is malformed."""
    return ApiError(400, "InvalidArgumentError", message)


def key_missing() -> ApiError:
    """401: no key came with the request."""
    return ApiError(401, "AuthenticationRequiredError", "X-Apikey header is missing")


def key_wrong(key: str) -> ApiError:
    """401 with the key in the message, like VirusTotal's: callers must redact it before they log it."""
    return ApiError(401, "WrongCredentialsError", f"Wrong API key: {key}")


def forbidden() -> ApiError:
    """403: the key lacks the privilege."""
    return ApiError(403, "ForbiddenError", "You are not authorized to perform the requested operation")


def not_found(message: str) -> ApiError:
    """404: no such object."""
    return ApiError(404, "NotFoundError", message)


def already_exists(message: str) -> ApiError:
    """409: the same object was posted before."""
    return ApiError(409, "AlreadyExistsError", message)


def faulty(status: int) -> ApiError:
    """An error with any other status, for injected faults."""
    return ApiError(status, _NAMES.get(status, "ServerError" if status >= 500 else "ClientError"), "On purpose")


def quota_exceeded(retry_after_s: int | None) -> ApiError:
    """429, without the name of the quota; `retry_after_s` (seconds) goes into Retry-After unless it is None."""
    headers: Headers = () if retry_after_s is None else (("Retry-After", str(retry_after_s)),)
    return ApiError(429, "QuotaExceededError", "Quota exceeded", headers)
