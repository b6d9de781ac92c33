"""The table of actions on comments, scans, passive DNS and the quota. Lookups are in `registry`, others in
`further_actions`.
"""

from __future__ import annotations

from ..light_typing import Any
from .action import Action, Deferred
from .registry import EICAR


def _domain_or_ip(value: str) -> dict[str, Any]:
    from .passive_dns import params_of

    return params_of(value)


TABLE: tuple[Action, ...] = (
    Action(
        "add_comment",
        "Add a comment",
        "Comment on an indicator, in public and under the account's name",
        "1 (2 for a URL not seen before)",
        {"indicator": EICAR, "comment": "Seen in a phishing mail #eicar"},
        Deferred("comment", "add_comment"),
        "vtaction add_comment 44d88612fea8a8f36de82e1278abb02f --comment 'Seen in a phishing mail #eicar'",
        value="indicator",
        writes=True,
        several=False,
    ),
    Action(
        "scan_file",
        "Scan a file",
        "Send a file of up to 650 MB for a scan; VirusTotal then has it in its collection, unless the scan is private",
        "1, or 2 above 32 MB; and polls",
        {"content_base64": "aGVsbG8gd29ybGQK", "filename": "hello.txt", "wait_s": 0},
        Deferred("scan", "scan_file"),
        "vtaction scan_file ./suspicious.docm --wait 300",
        value="path",
        writes=True,
        licence=None,
    ),
    Action(
        "rescan_file",
        "Rescan a file",
        "Scan a file again that VirusTotal already has",
        "1, and polls",
        {"hash": EICAR},
        Deferred("scan", "rescan_file"),
        "vtaction rescan_file 44d88612fea8a8f36de82e1278abb02f --wait 300",
        value="hash",
        writes=True,
    ),
    Action(
        "scan_url",
        "Scan a URL",
        "Scan a URL, whether VirusTotal knows it or not",
        "1, and polls",
        {"url": "https://example.com/login?next=%2F"},
        Deferred("scan", "scan_url"),
        "vtaction scan_url 'https://example.com/login?next=%2F' --wait 120",
        value="url",
        writes=True,
        licence=None,
    ),
    Action(
        "get_analysis",
        "Get an analysis",
        "The state of a scan, by the `analysis_id` of a `pending` answer",
        "1",
        {"analysis_id": "u-0f115db062b7c0dd030b16878c99dea5c354b49dc37b38eb8846179c7783e9d7-1700000000"},
        Deferred("analysis", "get_analysis"),
        "vtaction get_analysis u-0f115db062b7c0dd030b16878c99dea5c354b49dc37b38eb8846179c7783e9d7-1700000000",
        value="analysis_id",
        licence=None,
    ),
    Action(
        "passive_dns",
        "Get passive DNS",
        "The addresses of a domain, or the domains at an address",
        "1 for each page of 40",
        {"domain": "example.com", "limit": 40},
        Deferred("passive_dns", "passive_dns"),
        "vtaction passive_dns example.com --limit 100",
        value="indicator",
        params_of_value=_domain_or_ip,
        value_params=("domain", "ip"),
    ),
    Action(
        "get_comments",
        "Get comments",
        "Comments of other users on an indicator",
        "1 for each page of 40",
        {"indicator": EICAR, "limit": 10},
        Deferred("comment", "get_comments"),
        "vtaction get_comments example.com --limit 20",
        value="indicator",
    ),
    Action(
        "quota",
        "Get the quota",
        "The key's quota: our own record, the account's figures, and its use by endpoint",
        "1, or 2 with `usage_days`; not counted by VirusTotal",
        {},
        Deferred("quota", "show_quota"),
        "vtaction quota",
        counted=False,
    ),
)
