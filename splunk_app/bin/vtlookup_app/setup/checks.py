"""The two buttons of the setup page: test the connection, and read the account's quota."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vt_connectors.contract.documents import Request
from vt_connectors.core import Core
from vt_connectors.errors import ConnectorError
from vt_connectors.misconfigured import Misconfigured
from vt_connectors.quota.account_quota import measured
from vt_connectors.quota.windows import PUBLIC, parse_quota
from vt_connectors.redaction import without_keys

from ..setting_names import response_in_splunk
from ..splunkd import Splunkd

if TYPE_CHECKING:
    from vt_connectors.contract.response import Response

# In the order in which a request passes them.
_STEPS = ("settings", "network", "certificate", "key", "quota")
_STEP_OF = {
    "access_denied": "key",
    "forbidden": "key",
    "rate_limited": "quota",
    "unavailable": "network",
    "timeout": "network",
    "invalid_response": "network",
}


def connection(core: Core | Misconfigured, system: Splunkd) -> dict[str, Any]:
    """Each step with `ok`: True, False for the step that failed, None for steps that were not reached."""
    response = _ask(core)
    failed, text = _failure(response, system)
    findings = []
    for step in _STEPS:
        is_past = failed is not None and _STEPS.index(step) > _STEPS.index(failed)
        ok = None if is_past else step != failed
        findings.append({"about": step, "ok": ok, "text": text if step == failed else ""})
    return {"ok": failed is None, "text": text, "findings": findings}


def _failure(response: Response, system: Splunkd) -> tuple[str | None, str]:
    """The step that failed, if any, and the message."""
    error = response["error"]
    if error is None:
        windows = response["data"]["windows"]
        full = [name for name, seen in windows.items() if seen.get("limit") and seen["used"] >= seen["limit"]]
        return ("quota" if full else None), str(response["summary"])
    if error["details"].get("cause") == "certificate":
        return "certificate", error["message"]
    return _STEP_OF.get(error["code"]) or _key_or_settings(system), error["message"]


def _key_or_settings(system: Splunkd) -> str:
    try:
        system.key()
    except ConnectorError:
        return "key"
    return "settings"


def account(core: Core | Misconfigured) -> dict[str, Any]:
    """The quota to set, from the account's figures; `error` if they cannot be read."""
    response = _ask(core)
    if response["error"] is not None:
        return {"error": response["error"]["message"]}
    if not response["data"]["account"]:
        return {"error": "VirusTotal reports no quota for this account"}
    public = parse_quota(PUBLIC)
    found = measured(response["data"]["account"], public, without_keys)
    if found.unread:
        return {"error": f"the account's figures cannot all be read ({'; '.join(found.unread)})"}
    return {"quota": str(found.quota), "tier": "public" if str(found.quota) == str(public) else "premium"}


def _ask(core: Core | Misconfigured) -> Response:
    return response_in_splunk(core.run(Request("quota", {})))
