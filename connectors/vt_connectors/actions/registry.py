"""The registry: finds actions by name, and has those that look up indicators.

All actions are in `further_actions.ACTIONS`, which a process that only looks up does not need. Manifest, documentation,
command line, Python's `run` and the exports derive from it. CONTRIBUTING.md says how to add an action.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from ..errors import ConnectorError, OutcomeUnknown, UnknownAction
from .action import Action, Deferred
from .lookup import look_up, look_up_any

EICAR = "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"
LOOKUPS: tuple[Action, ...] = (
    Action(
        "lookup",
        "Look up an indicator",
        "VirusTotal's report on any indicator: a hash, a URL, a domain or an IP address",
        "1",
        {"value": "8.8.8.8"},
        look_up_any,
        "vtaction lookup 44d88612fea8a8f36de82e1278abb02f evil.example 8.8.8.8",
        value="value",
    ),
    Action(
        "lookup_hash",
        "Look up a file hash",
        "VirusTotal's report on a file, by MD5, SHA-1 or SHA-256",
        "1",
        {"hash": EICAR},
        partial(look_up, "hash", "hash"),
        "vtaction lookup_hash 44d88612fea8a8f36de82e1278abb02f",
        value="hash",
    ),
    Action(
        "lookup_url",
        "Look up a URL",
        "VirusTotal's report on a URL; can submit an unknown URL for a scan",
        "1; up to 3 and polls when scanning",
        {"url": "https://example.com/login?next=%2F"},
        Deferred("lookup_url", "look_up_url"),
        "vtaction lookup_url 'https://example.com/login?next=%2F' --scan-if-missing",
        value="url",
        write_params=("scan_if_missing",),
    ),
    Action(
        "lookup_domain",
        "Look up a domain",
        "VirusTotal's report on a domain",
        "1",
        {"domain": "example.com"},
        partial(look_up, "domain", "domain"),
        "vtaction lookup_domain example.com example.org",
        value="domain",
    ),
    Action(
        "lookup_ip",
        "Look up an IP address",
        "VirusTotal's report on an IPv4 or IPv6 address",
        "1",
        {"ip": "8.8.8.8"},
        partial(look_up, "ip", "ip"),
        "vtaction lookup_ip 8.8.8.8 2001:db8::1 --json",
        value="ip",
    ),
)

_LOOKUPS = {action.name: action for action in LOOKUPS}


def action_named(name: str) -> Action | None:
    """The action, if there is one."""
    action = _LOOKUPS.get(name)
    if action is not None:
        return action
    from .further_actions import ACTIONS

    return ACTIONS.get(name)


def find(name: str) -> Action:
    """Raises `UnknownAction`, which lists all actions."""
    action = action_named(name)
    if action is None:
        from ..contract.nearest import nearest
        from .further_actions import ACTIONS

        meant = nearest(name, ACTIONS)
        hint = f"did you mean {meant!r}? " if meant else ""
        message = f"unknown action {name[:60]!r}; {hint}See details.actions"
        raise UnknownAction(message, details={"actions": sorted(ACTIONS)})
    return action


def is_write(document: object) -> bool:
    """Whether a request document asks for something that changes something at VirusTotal. It may be invalid."""
    if not isinstance(document, Mapping):
        return False
    name, params = document.get("action"), document.get("params")
    action = action_named(name) if isinstance(name, str) else None
    return action is not None and action.writes_with(params if isinstance(params, Mapping) else {})


def interrupted(why: str, error: ConnectorError, *, may_have_written: bool) -> ConnectorError:
    """The error of an action that was interrupted: `error`, or `OutcomeUnknown` if it may have changed something."""
    return OutcomeUnknown(f"{why}; it was not repeated") if may_have_written else error
