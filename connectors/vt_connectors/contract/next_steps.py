"""What to do after an error, by its code: the only table of it. Pure.

Responses do not repeat it: their message has what is special about the single error.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

Source = Literal["local", "upstream"]


class Step(NamedTuple):
    """One sentence. `source`: it applies only if `details.source` of the error is this."""

    text: str
    source: Source | None = None


NEXT_STEPS: Mapping[str, tuple[Step, ...]] = {
    "invalid_request": (
        Step("Correct the parameter that details.path names."),
        Step("`vtaction sample ACTION` prints a valid request, and `vtaction describe` the schemas."),
    ),
    "unknown_action": (Step("Use one of the actions in details.actions, or see `vtaction describe`."),),
    "unsupported_version": (Step("Leave `v` out of the request, or update this package."),),
    "invalid_indicator": (
        Step("Check where the value comes from."),
        Step("If it is a domain with a new top-level domain, give its type, or use lookup_domain."),
    ),
    "config_error": (
        Step("Correct the setting that the message names."),
        Step("`vtaction doctor` checks all settings."),
    ),
    "access_denied": (
        Step("Check the key for a missing or extra character, and whether it was replaced at VirusTotal."),
        Step("`vtaction doctor --online` checks it again."),
    ),
    "forbidden": (
        Step("Use a key with the licence in details.licence; docs/relationships.md has a table of licences."),
        Step("Without it, use an action that `vtaction describe` marks as free."),
        Step("With API v2, try API v3, which has more calls for public keys."),
    ),
    "rate_limited": (
        Step("Repeat after retry_after_s, or let it wait for longer with max_wait_s.", "local"),
        Step("If details.queued is true, `vtaction drain` looks the indicator up later.", "local"),
        Step("Repeat after retry_after_s; other requests with this key pause until then, too.", "upstream"),
        Step("See what uses the key with `vtaction quota --usage-days 7`.", "upstream"),
        Step("If it happens often, VT_QUOTA allows more than the key has: lower it.", "upstream"),
    ),
    "conflict": (
        Step("If the error is retryable, a scan is running: repeat in a minute."),
        Step("Else there is nothing to do: VirusTotal has it already."),
    ),
    "too_large": (
        Step("Look the file up by its hash instead."),
        Step("If details.path is /params/max_bytes, raise it to download the file."),
    ),
    "timeout": (Step("Repeat the request."), Step("If it happens often, raise VT_TIMEOUT.")),
    "unavailable": (
        Step("Repeat the request later."),
        Step("If it stays, check the network, HTTPS_PROXY, and whether the certificate's CA is trusted."),
    ),
    "invalid_response": (
        Step("Check VT_API_URL, and whether a proxy answers in the place of VirusTotal."),
        Step("Repeat the request."),
    ),
    "outcome_unknown": (
        Step("Check whether it took effect: get_comments shows comments, a lookup shows scans."),
        Step("Repeat it only if it did not."),
    ),
    "cancelled": (Step("Run it again."),),
    "internal": (Step("Report it with the traceback that the log has under the reference in the message."),),
}


def next_steps(error: Mapping[str, Any]) -> tuple[str, ...]:
    """The sentences for an error object of the contract."""
    source = error["details"].get("source")
    return tuple(step.text for step in NEXT_STEPS.get(error["code"], ()) if step.source in (None, source))


def all_steps(code: str) -> list[str]:
    """The sentences for a code, with the condition of those that do not always apply."""
    return [
        step.text if step.source is None else f"If details.source is {step.source}: {_lowered(step.text)}"
        for step in NEXT_STEPS[code]
    ]


def _lowered(text: str) -> str:
    return text[0].lower() + text[1:]
