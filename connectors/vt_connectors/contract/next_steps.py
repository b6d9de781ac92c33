"""What to do after an error, by its code: the only table of it. Pure.

Responses do not repeat it: their message has what is special about the single error.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

Source = Literal["local", "upstream"]


class Step(NamedTuple):
    """One sentence. `source`: it applies only if `details.source` of the error is this. `typed`: how it is said to
    somebody who typed the command, and sees neither the request nor the response as JSON; empty: not at all.
    `detail`: it applies only if `details` has this name with a value that is not false.
    """

    text: str
    source: Source | None = None
    typed: str | None = None
    detail: str | None = None

    def applies(self, details: Mapping[str, Any]) -> bool:
        if self.source not in (None, details.get("source")):
            return False
        return self.detail is None or bool(details.get(self.detail))


NEXT_STEPS: Mapping[str, tuple[Step, ...]] = {
    "invalid_request": (
        Step(
            "Correct the parameter that details.path names.",
            typed="Correct the value that the message names; `vtaction ACTION --help` lists the options.",
        ),
        Step("`vtaction sample ACTION` prints a valid request, and `vtaction describe` the schemas.", typed=""),
    ),
    "unknown_action": (
        Step(
            "Use one of the actions in details.actions, or see `vtaction describe`.",
            typed="`vtaction --help` lists the actions.",
        ),
    ),
    "unsupported_version": (Step("Leave `v` out of the request, or update this package."),),
    "invalid_indicator": (
        Step("Check where the value comes from."),
        Step(
            "If it is a domain with a new top-level domain, give its type, or use lookup_domain.",
            typed="If it is a domain with a new top-level domain, add `--type domain` or use `vtaction lookup_domain`.",
            detail="top_level_domain",
        ),
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
        Step(
            "Use a key with the licence in details.licence; docs/relationships.md has a table of licences.",
            typed="Use a key with the licence that the message names; docs/relationships.md has a table of licences.",
        ),
        Step("Without it, use an action that `vtaction describe` marks as free."),
        Step("With API v2, try API v3, which has more calls for public keys."),
    ),
    "rate_limited": (
        Step(
            "Repeat after retry_after_s, or let it wait for longer with max_wait_s.",
            "local",
            "Repeat it after the time in the message, or let it wait for longer with --max-wait.",
        ),
        Step(
            "If details.queued is true, `vtaction drain` looks the indicator up later.",
            "local",
            "`vtaction drain` looks up later what was queued.",
            "queued",
        ),
        Step(
            "Repeat after retry_after_s; other requests with this key pause until then, too.",
            "upstream",
            "Repeat it after the time in the message; other requests with this key pause until then, too.",
        ),
        Step("See what uses the key with `vtaction quota --usage-days 7`.", "upstream"),
        Step("If it happens often, VT_QUOTA allows more than the key has: lower it.", "upstream"),
    ),
    "conflict": (
        Step("If the error is retryable, a scan is running: repeat in a minute."),
        Step("Else there is nothing to do: VirusTotal has it already."),
    ),
    "too_large": (
        Step("Look the file up by its hash instead."),
        Step(
            "If details.path is /params/max_bytes, raise it to download the file.",
            typed="If it is a download, raise --max-bytes.",
        ),
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


def next_steps(error: Mapping[str, Any], *, typed: bool = False) -> tuple[str, ...]:
    """The sentences for an error object of the contract. `typed`: for somebody who typed the command."""
    steps = [step for step in NEXT_STEPS.get(error["code"], ()) if step.applies(error["details"])]
    texts = [step.text if not typed or step.typed is None else step.typed for step in steps]
    return tuple(filter(None, texts))


def all_steps(code: str) -> list[str]:
    """The sentences for a code, with the condition of those that do not always apply."""
    return [
        step.text if step.source is None else f"If details.source is {step.source}: {_lowered(step.text)}"
        for step in NEXT_STEPS[code]
    ]


def _lowered(text: str) -> str:
    return text[0].lower() + text[1:]
