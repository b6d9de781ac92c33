"""The one table of actions. The manifest, the documentation's table and the command line come from it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

from ..contract.documents import Outcome, Request
from ..contract.validation import all_violations, schema, violation
from ..errors import ConnectorError, InvalidRequest, OutcomeUnknown, UnknownAction
from .context import Context
from .lookup import look_up, look_up_any

if TYPE_CHECKING:
    from ..virustotal.budget import Budget

Run = Callable[[Context, Request, "Budget"], Outcome]
_EICAR = "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"


class Action(NamedTuple):
    """`requests`: what it costs of the quota, for people. `example`: params that make a valid request.

    `writes`: it changes something at VirusTotal, so it is never repeated unasked. `value`: the parameter that a
    command line gives by position; `params_of` makes parameters of it, any of `value_params`. `several`: it may be
    asked to do many at once. `command_line` shows how a person does it.
    """

    name: str
    about: str
    requests: str
    example: Mapping[str, Any]
    run: Run
    command_line: str
    value: str | None = None
    writes: bool = False
    several: bool = True
    params_of_value: Callable[[str], dict[str, Any]] | None = None
    value_params: tuple[str, ...] = ()

    def params_of(self, value: str) -> dict[str, Any]:
        """The parameters that a value by position stands for."""
        if self.params_of_value is not None:
            return self.params_of_value(value)
        return {self.value: value} if self.value else {}

    @property
    def params_schema(self) -> dict[str, Any]:
        return schema(f"actions/{self.name}.json")

    def check(self, params: Mapping[str, Any]) -> None:
        """Raises `InvalidRequest`, its `details.path` being within the request."""
        name = f"actions/{self.name}.json"
        wrong = violation(name, params)
        if wrong is not None:
            path = f"/params{wrong.path}"
            found = [{**entry, "path": f"/params{entry['path']}"} for entry in all_violations(name, params)]
            raise InvalidRequest(f"{path} {wrong.message}", details={"path": path, "violations": found})


def _deferred(module: str, name: str) -> Run:
    """The action `name` of `module`, which is imported when it is first run: most processes run one kind."""

    def run(context: Context, request: Request, budget: Budget) -> Outcome:
        action: Run = getattr(import_module(f".{module}", __package__), name)
        return action(context, request, budget)

    return run


def _domain_or_ip(value: str) -> dict[str, Any]:
    from .passive_dns import params_of

    return params_of(value)


_TABLE: tuple[Action, ...] = (
    Action(
        "lookup",
        "What VirusTotal knows of any indicator: a hash, a URL, a domain or an address",
        "1",
        {"value": "8.8.8.8"},
        look_up_any,
        "vtaction lookup 44d88612fea8a8f36de82e1278abb02f evil.example 8.8.8.8",
        value="value",
    ),
    Action(
        "lookup_hash",
        "What VirusTotal knows of a file, by MD5, SHA-1 or SHA-256",
        "1",
        {"hash": _EICAR},
        partial(look_up, "hash", "hash"),
        "vtaction lookup_hash 44d88612fea8a8f36de82e1278abb02f",
        value="hash",
    ),
    Action(
        "lookup_url",
        "What VirusTotal knows of a URL; can have unknown ones scanned",
        "1; up to 3 and polls when scanning",
        {"url": "https://example.com/login?next=%2F"},
        _deferred("lookup_url", "look_up_url"),
        "vtaction lookup_url 'https://example.com/login?next=%2F' --scan-if-missing",
        value="url",
    ),
    Action(
        "lookup_domain",
        "What VirusTotal knows of a domain",
        "1",
        {"domain": "example.com"},
        partial(look_up, "domain", "domain"),
        "vtaction lookup_domain example.com example.org",
        value="domain",
    ),
    Action(
        "lookup_ip",
        "What VirusTotal knows of an IPv4 or IPv6 address",
        "1",
        {"ip": "8.8.8.8"},
        partial(look_up, "ip", "ip"),
        "vtaction lookup_ip 8.8.8.8 2001:db8::1 --json",
        value="ip",
    ),
    Action(
        "add_comment",
        "Comment on an indicator, in public and under the account's name",
        "1 (2 for a URL not seen before)",
        {"indicator": _EICAR, "comment": "Seen in a phishing mail #eicar"},
        _deferred("comment", "add_comment"),
        "vtaction add_comment 44d88612fea8a8f36de82e1278abb02f --comment 'Seen in a phishing mail #eicar'",
        value="indicator",
        writes=True,
        several=False,
    ),
    Action(
        "scan_file",
        "Send a file to be scanned, up to 650 MB; it is then in VirusTotal's collection",
        "1, or 2 above 32 MB; and polls",
        {"content_base64": "aGVsbG8gd29ybGQK", "filename": "hello.txt", "wait_s": 0},
        _deferred("scan", "scan_file"),
        "vtaction scan_file ./suspicious.docm --wait 300",
        value="path",
        writes=True,
    ),
    Action(
        "rescan_file",
        "Have a file that VirusTotal has scanned again",
        "1, and polls",
        {"hash": _EICAR},
        _deferred("scan", "rescan_file"),
        "vtaction rescan_file 44d88612fea8a8f36de82e1278abb02f --wait 300",
        value="hash",
        writes=True,
    ),
    Action(
        "scan_url",
        "Have a URL scanned, known or not",
        "1, and polls",
        {"url": "https://example.com/login?next=%2F"},
        _deferred("scan", "scan_url"),
        "vtaction scan_url 'https://example.com/login?next=%2F' --wait 120",
        value="url",
        writes=True,
    ),
    Action(
        "get_analysis",
        "How a scan stands, by the `analysis_id` of a `pending` answer",
        "1",
        {"analysis_id": "u-0f115db062b7c0dd030b16878c99dea5c354b49dc37b38eb8846179c7783e9d7-1700000000"},
        _deferred("analysis", "get_analysis"),
        "vtaction get_analysis u-0f115db062b7c0dd030b16878c99dea5c354b49dc37b38eb8846179c7783e9d7-1700000000",
        value="analysis_id",
    ),
    Action(
        "passive_dns",
        "Where a domain was seen, or which names at an address",
        "1 for each page of 40",
        {"domain": "example.com", "limit": 40},
        _deferred("passive_dns", "passive_dns"),
        "vtaction passive_dns example.com --limit 100",
        value="indicator",
        params_of_value=_domain_or_ip,
        value_params=("domain", "ip"),
    ),
    Action(
        "get_comments",
        "What others said of an indicator",
        "1",
        {"indicator": _EICAR, "limit": 10},
        _deferred("comment", "get_comments"),
        "vtaction get_comments example.com --limit 20",
        value="indicator",
    ),
    Action(
        "quota",
        "The key's quota: our own record, and the account's figures",
        "1, not counted by VirusTotal",
        {},
        _deferred("quota", "show_quota"),
        "vtaction quota",
    ),
)

ACTIONS: dict[str, Action] = {action.name: action for action in _TABLE}


def find(name: str) -> Action:
    """Raises `UnknownAction`, which tells what there is."""
    action = ACTIONS.get(name)
    if action is None:
        raise UnknownAction(f"there is no action {name[:60]!r}; see details", details={"actions": sorted(ACTIONS)})
    return action


def action_of(document: object) -> Action | None:
    """The action that a request document names, if it is one."""
    name = document.get("action") if isinstance(document, Mapping) else None
    return ACTIONS.get(name) if isinstance(name, str) else None


def interrupted(action: Action | None, why: str, error: ConnectorError, *, has_begun: bool) -> ConnectorError:
    """The error of an action that is not waited for any longer: `error`, unless it may have changed something."""
    if has_begun and action is not None and action.writes:
        return OutcomeUnknown(f"{why}; it was not repeated")
    return error
