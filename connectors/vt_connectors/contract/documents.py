"""The action contract in Python: a request read from a document, a response written as one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

from .. import __version__
from ..api_key import ApiKey
from ..clock import iso
from ..errors import ConfigError, ConnectorError, InvalidRequest, UnsupportedVersion
from ..light_typing import TYPE_CHECKING, Any, Literal, NamedTuple, Union
from ..log import logger
from ..redaction import redacted
from ..verdict.rule import WORST_FIRST as WORST_FIRST
from ..verdict.rule import DecidedBy as DecidedBy
from ..verdict.rule import Verdict as Verdict
from .options import DEFAULT_MAX_WAIT_S as DEFAULT_MAX_WAIT_S
from .options import OPTIONS, options_from, without_nulls
from .options import CacheMode as CacheMode
from .options import Options as Options
from .validation import all_violations, violation

if TYPE_CHECKING:
    from ..errors import ErrorDocument
    from .response import Meta, Response

_LOG = logger("contract.documents")
VERSION = 1
Status = Literal["ok", "not_found", "pending", "skipped", "error"]
Source = Literal["api", "cache", "shared"]
Id = Union[str, int, float, None]
_ENVELOPE = frozenset(("v", "id", "action", "params", "options", "auth"))
# Other common names of a key and of `auth`, in any case, with any dashes and underscores.
_KEY_NAMES = frozenset(("apikey", "xapikey", "vtapikey"))
_AUTH_NAMES = _KEY_NAMES | {"auth", "authorization", "authentication"}
_PRIVATE = "private"
# The number of unknown keys in one log line.
_MOST_SHOWN = 10


class Request(NamedTuple):
    """One action to run. `api_key`: only if the document has its own key."""

    action: str
    params: Mapping[str, Any]
    options: Options = Options()
    id: Id = None
    api_key: ApiKey | None = None


class Outcome(NamedTuple):
    """The result of an action. `source` and `fetched_at` (epoch seconds) are set if it is based on an answer of
    VirusTotal's.

    `poll_after_s`: seconds until the next poll of a `pending` result.
    """

    status: Status
    summary: str
    data: dict[str, Any] | None = None
    source: Source | None = None
    fetched_at: float | None = None
    poll_after_s: float | None = None


class Cost(NamedTuple):
    """The cost of an action: requests, seconds waited for quota, milliseconds in all. `quota`: its state afterwards."""

    requests: int = 0
    waited_s: float = 0.0
    duration_ms: int = 0
    quota: Mapping[str, Any] = MappingProxyType({})


_NOTHING_SPENT = Cost()


def request_id(document: object) -> Id:
    """The document's `id` if it is usable. The response to an invalid request has it too."""
    found = document.get("id") if isinstance(document, dict) else None
    if isinstance(found, float) and not math.isfinite(found):
        return None  # JSON cannot express it
    return found if isinstance(found, (str, int, float)) and not isinstance(found, bool) else None


def read_request(document: object) -> Request:
    """Raises `InvalidRequest` (its `details.path` is a JSON pointer) or `UnsupportedVersion`.

    The registry checks whether the action exists and its parameters are valid.
    """
    if isinstance(document, dict):
        _refuse_misplaced_key(document)
        _refuse_misplaced_private(document)
    wrong = violation("request.json", document)
    if wrong is not None:
        noun = "option" if wrong.path.startswith("/options/") else "field"
        details = {"path": wrong.path, "violations": all_violations("request.json", document)}
        message = wrong.sentence(wrong.path or "the request", noun)
        if wrong.path == "/params" and has_unknown(document):
            message += "; the parameters of the action belong into params"
        raise InvalidRequest(message, details=details)
    assert isinstance(document, dict)
    if document.get("v") not in (None, VERSION):
        raise UnsupportedVersion(
            f"version {document['v']} of the contract is not supported; use version {VERSION}",
            details={"supported": [VERSION]},
        )
    options: dict[str, Any] = document.get("options") or {}
    _warn_of_unknown(document)
    return Request(
        action=document["action"],
        params=without_nulls(document["params"]),
        options=options_from(without_nulls(options)),
        id=request_id(document),
        api_key=_key(document["auth"]["api_key"]) if "auth" in document else None,
    )


def _key(given: str) -> ApiKey:
    try:
        return ApiKey(given)
    except ConfigError:
        raise InvalidRequest(
            "/auth/api_key is not an API key: it is empty or has invalid characters",
            details={"path": "/auth/api_key"},
        ) from None


def _refuse_misplaced_key(document: dict[str, Any]) -> None:
    """Raises `InvalidRequest` for a key in the wrong place. If it were ignored like other unknown fields, the action
    would run with the default key, on another account.
    """
    given = document.get("options")
    options: dict[str, Any] = given if isinstance(given, dict) else {}
    unknown = [("/" + name, name, value) for name, value in document.items() if name not in _ENVELOPE]
    unknown += [("/options/" + name, name, value) for name, value in options.items() if name not in OPTIONS]
    for where, name, value in unknown:
        inner = [_plain(word) for word in value] if isinstance(value, dict) else []
        if _plain(name) in _AUTH_NAMES or _KEY_NAMES.intersection(inner):
            path = redacted(where)[:60]
            raise InvalidRequest(f"unknown field {path}; give the key as auth.api_key", details={"path": path})


def _refuse_misplaced_private(document: dict[str, Any]) -> None:
    """Raises `InvalidRequest` for `private` outside `params`. If it were ignored, the file or URL would be public."""
    for name, value in document.items():
        inner = [_plain(word) for word in value] if isinstance(value, dict) and name != "params" else []
        if (name not in _ENVELOPE and _plain(name) == _PRIVATE) or _PRIVATE in inner:
            path = redacted("/" + name)[:60]
            message = f"unknown field {path}" if _plain(name) == _PRIVATE else f"{path} has a field private"
            raise InvalidRequest(f"{message}; give it as params.private", details={"path": path})


def _plain(name: str) -> str:
    return "".join(character for character in name.lower() if character.isalnum())


def has_unknown(document: Any) -> bool:
    """Whether a request has names beside those of the contract, which are ignored."""
    return isinstance(document, dict) and not document.keys() <= _ENVELOPE


def _warn_of_unknown(document: dict[str, Any]) -> None:
    unknown = [name for name in document if name not in _ENVELOPE]
    if unknown:
        shown = ", ".join(repr(redacted(name)[:40]) for name in unknown[:_MOST_SHOWN])
        more = f" and {len(unknown) - _MOST_SHOWN} more" if len(unknown) > _MOST_SHOWN else ""
        _LOG.warning("unknown keys of the request are ignored: %s%s", shown, more)


def response(action: str | None, id_: Id, outcome: Outcome, spent: Cost, now: float) -> Response:
    """The response for the outcome of an action."""
    fetched = outcome.fetched_at
    meta = _meta(outcome.source, spent)
    if fetched is not None:
        meta["fetched_at"], meta["age_s"] = iso(fetched), age_s(fetched, now)
    if outcome.poll_after_s is not None:
        meta["poll_after_s"] = outcome.poll_after_s
    return _envelope(action, id_, outcome.status, outcome.summary, outcome.data, None, meta)


def age_s(fetched_at: float, now: float) -> int:
    """`meta.age_s` of a response that is based on an answer of VirusTotal's. Both are epoch seconds."""
    return max(0, int(now - fetched_at))


def error_response(action: str | None, id_: Id, error: ConnectorError, spent: Cost = _NOTHING_SPENT) -> Response:
    """The response for an error."""
    summary = f"error: {error.message}"
    return _envelope(action, id_, "error", summary, None, error.to_dict(), _meta(None, spent))


def refusal(document: object, error: ConnectorError) -> Response:
    """The response for any request document that was not executed."""
    action = document.get("action") if isinstance(document, dict) else None
    return error_response(action if isinstance(action, str) else None, request_id(document), error)


def finds_no_quota(response: Response) -> bool:
    """Whether other lookups would be refused like this one. False for a follower that only waited for its leader."""
    error = response["error"]
    if error is None or error["code"] != "rate_limited":
        return False
    return bool(error["details"].get("window") or error["details"].get("source") == "upstream")


def _envelope(
    action: str | None,
    id_: Id,
    status: Status,
    summary: str,
    data: dict[str, Any] | None,
    error: ErrorDocument | None,
    meta: Meta,
) -> Response:
    # These fields repeat values of the caller, which may contain a key.
    return {
        "v": VERSION,
        "id": redacted(id_),
        "action": redacted(action),
        "status": status,
        "summary": summary if error is None else redacted(summary),
        "data": data,
        "error": error if error is None else redacted(error),
        "meta": meta,
    }


def _meta(source: Source | None, spent: Cost) -> Meta:
    return {
        "source": source,
        "fetched_at": None,
        "age_s": None,
        "requests": spent.requests,
        "waited_s": round(spent.waited_s, 3),
        "quota": dict(spent.quota),
        "duration_ms": spent.duration_ms,
        "version": __version__,
    }
