"""The settings of an instance of the integration, as XSOAR's yml has them."""

from __future__ import annotations

from typing import Any

_TEXT, _CHECKBOX, _CREDENTIALS, _CHOICE = 0, 8, 9, 15
_RELIABILITIES = (
    "A+ - 3rd party enrichment",
    "A - Completely reliable",
    "B - Usually reliable",
    "C - Fairly reliable",
    "D - Not usually reliable",
    "E - Unreliable",
    "F - Reliability cannot be judged",
)


def settings() -> list[dict[str, Any]]:
    """In the order of XSOAR's form."""
    return [
        _setting("url", "Server URL", _TEXT, "Connect", True, "The address of vtaction serve, with https."),
        {
            **_setting("credentials", "", _CREDENTIALS, "Connect", True, "A token of that server."),
            "displaypassword": "Token",
            "hiddenusername": True,
        },
        _setting("proxy", "Use system proxy settings", _CHECKBOX, "Connect", False, ""),
        {
            **_setting(
                "integrationReliability",
                "Source Reliability",
                _CHOICE,
                "Collect",
                True,
                "Reliability of the source providing the intelligence data.",
            ),
            "defaultvalue": "C - Fairly reliable",
            "options": list(_RELIABILITIES),
        },
        _setting(
            "create_relationships",
            "Create relationships",
            _CHECKBOX,
            "Collect",
            False,
            "Create relationships between indicators as part of enrichment.",
        ),
        _setting("further_facts", "Further facts", _CHECKBOX, "Collect", False, _ABOUT_FACTS),
        {
            **_setting("max_wait", "Longest wait of a command in seconds", _TEXT, "Collect", False, _ABOUT_WAITING),
            "defaultvalue": "240",
        },
    ]


_ABOUT_FACTS = (
    "Registrar, AS, country, signer, families and the like. A report that is cached without them is asked for again."
)
_ABOUT_WAITING = (
    "How long a command waits for quota and answers, 900 at most. Keep it below the time after which XSOAR stops "
    "commands. Enrichment that must be quick never waits longer than 15 seconds."
)


def _setting(name: str, display: str, kind: int, section: str, required: bool, about: str) -> dict[str, Any]:
    setting = {"name": name, "display": display, "type": kind, "section": section, "required": required}
    return {**setting, "additionalinfo": about} if about else setting
