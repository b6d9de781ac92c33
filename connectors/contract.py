"""The action contract in Python: a request read from a document, a response written as one."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, Union

from .api_key import ApiKey
from .clock import iso
from .errors import ConnectorError, InvalidRequest, UnsupportedVersion
from .schemas_check import all_violations, violation
from .verdict.rule import Thresholds
from .verdict.rule import Verdict as Verdict
from .version import __version__

_LOG = logging.getLogger("connectors.contract")
VERSION = 1
DEFAULT_MAX_WAIT_S = 20.0

CacheMode = Literal["default", "refresh", "only", "off"]
Status = Literal["ok", "not_found", "pending", "skipped", "error"]
Source = Literal["api", "cache", "shared"]
Id = Union[str, int, float, None]
_ENVELOPE = frozenset(("v", "id", "action", "params", "options", "auth"))
_OPTIONS = frozenset(("cache", "max_age_s", "max_wait_s", "include", "thresholds"))


class Options(NamedTuple):
    """`max_age_s` None: the settings' lifetime. `thresholds` None: the settings'. Times in seconds."""

    cache: CacheMode = "default"
    max_age_s: float | None = None
    max_wait_s: float = DEFAULT_MAX_WAIT_S
    include: frozenset[str] = frozenset()
    thresholds: Mapping[str, int] = MappingProxyType({})

    def judged_by(self, defaults: Thresholds) -> Thresholds:
        """The settings' thresholds, with what this request says instead."""
        if not self.thresholds:
            return defaults
        return Thresholds(
            malicious=self.thresholds.get("malicious", defaults.malicious),
            suspicious=self.thresholds.get("suspicious", defaults.suspicious),
        )


class Request(NamedTuple):
    """One action to run. `api_key` only where the document brought its own."""

    action: str
    params: Mapping[str, Any]
    options: Options = Options()
    id: Id = None
    api_key: ApiKey | None = None


class Outcome(NamedTuple):
    """What an action found. `source` and `fetched_at` (epoch seconds) where it rests on an answer of VirusTotal's.

    `poll_after_s`: when to ask for what is `pending`.
    """

    status: Status
    summary: str
    data: dict[str, Any] | None = None
    source: Source | None = None
    fetched_at: float | None = None
    poll_after_s: float | None = None


class Spent(NamedTuple):
    """What an action cost: requests, seconds waited for quota, milliseconds in all, and the quota's state after."""

    requests: int = 0
    waited_s: float = 0.0
    duration_ms: int = 0
    quota: Mapping[str, Any] = MappingProxyType({})


_NOTHING_SPENT = Spent()


def request_id(document: object) -> Id:
    """The document's `id` if it has a usable one: even a bad request's answer says whose it is."""
    found = document.get("id") if isinstance(document, dict) else None
    if isinstance(found, float) and not math.isfinite(found):
        return None  # JSON has no way to write it back
    return found if isinstance(found, (str, int, float)) and not isinstance(found, bool) else None


def read_request(document: object) -> Request:
    """Raises `InvalidRequest` (its `details.path` is a JSON pointer) or `UnsupportedVersion`.

    Whether the action exists and likes its parameters is the action table's to say.
    """
    wrong = violation("request.json", document)
    if wrong is not None:
        where = wrong.path or "the request"
        details = {"path": wrong.path, "violations": all_violations("request.json", document)}
        raise InvalidRequest(f"{where} {wrong.message}", details=details)
    assert isinstance(document, dict)
    if document.get("v", VERSION) != VERSION:
        raise UnsupportedVersion(
            f"version {document['v']} of the contract is not spoken here", details={"supported": [VERSION]}
        )
    _warn_of_unknown(document)
    given = document.get("auth", {}).get("api_key")
    return Request(
        action=document["action"],
        params=document["params"],
        options=_options(document.get("options", {})),
        id=request_id(document),
        api_key=ApiKey(given) if given else None,
    )


def _warn_of_unknown(document: dict[str, Any]) -> None:
    unknown = [name for name in document if name not in _ENVELOPE]
    unknown += [f"options.{name}" for name in document.get("options", {}) if name not in _OPTIONS]
    if unknown:
        _LOG.warning("unknown keys of the request are ignored: %s", ", ".join(repr(name[:40]) for name in unknown))


def _options(given: dict[str, Any]) -> Options:
    return Options(
        cache=given.get("cache", "default"),
        max_age_s=given.get("max_age_s"),
        max_wait_s=given.get("max_wait_s", DEFAULT_MAX_WAIT_S),
        include=frozenset(given.get("include", ())),
        thresholds=given.get("thresholds", {}),
    )


def response(action: str | None, id_: Id, outcome: Outcome, spent: Spent, now: float) -> dict[str, Any]:
    """The contract's response to an action that was answered."""
    fetched = outcome.fetched_at
    meta = _meta(outcome.source, spent)
    if fetched is not None:
        meta["fetched_at"], meta["age_s"] = iso(fetched), max(0, int(now - fetched))
    if outcome.poll_after_s is not None:
        meta["poll_after_s"] = outcome.poll_after_s
    return _envelope(action, id_, outcome.status, outcome.summary, outcome.data, None, meta)


def error_response(action: str | None, id_: Id, error: ConnectorError, spent: Spent = _NOTHING_SPENT) -> dict[str, Any]:
    """The contract's response to one that was not."""
    summary = f"error: {error.message}"
    return _envelope(action, id_, "error", summary, None, error.to_dict(), _meta(None, spent))


def _envelope(
    action: str | None,
    id_: Id,
    status: Status,
    summary: str,
    data: dict[str, Any] | None,
    error: dict[str, Any] | None,
    meta: dict[str, Any],
) -> dict[str, Any]:
    head = {"v": VERSION, "id": id_, "action": action, "status": status, "summary": summary}
    return {**head, "data": data, "error": error, "meta": meta}


def _meta(source: Source | None, spent: Spent) -> dict[str, Any]:
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
