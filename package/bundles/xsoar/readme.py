"""The pack's READMEs, from the same lists as its yml."""

from __future__ import annotations

from collections.abc import Sequence

from .commands import PackCommand
from .integration import DESCRIPTION, arguments
from .outputs import NAME, outputs
from .settings import settings


def pack_readme(commands: list[PackCommand]) -> str:
    """For the pack's page in the Marketplace."""
    names = "\n".join(f"- `{one.name}`" for one in commands)
    return f"""{DESCRIPTION}

## What does this pack do?

- Enriches files, URLs, domains and IP addresses with a score, the engines' verdict and, if you want, relationships.
- Scans files and URLs and polls until the scan is finished.
- Tells an unknown indicator, a used-up quota and a wrong token apart: none of them looks like another.

## Commands

{names}
"""


def readme(commands: list[PackCommand]) -> str:
    """For the integration's page."""
    rows = [
        (one.get("displaypassword") or one["display"], one.get("additionalinfo", ""), str(one["required"]))
        for one in settings()
    ]
    head = [
        DESCRIPTION,
        "",
        f"## Configure {NAME}",
        "",
        *_table(("Parameter", "Description", "Required"), rows),
        "",
        "## Commands",
        "",
        "A command that takes a list answers for each value: what is wrong with one of them loses no other answer.",
        "",
    ]
    return "\n".join(head) + "\n" + "\n".join(_section(one) for one in commands)


def _section(one: PackCommand) -> str:
    note = ["", "It changes something at VirusTotal, or publishes something there."] if one.action.writes else []
    given = [
        (arg["name"], arg["description"], "Required" if arg.get("required") else "Optional") for arg in arguments(one)
    ]
    made = [(row["contextPath"], row["type"], row["description"]) for row in outputs(one)]
    lines = [
        f"### {one.name}",
        "",
        "***",
        f"{one.action.description}.",
        *note,
        "",
        "#### Base Command",
        "",
        f"`{one.name}`",
        "",
        "#### Input",
        "",
        *_table(("Argument Name", "Description", "Required"), given),
        "",
        "#### Context Output",
        "",
        *_table(("Path", "Type", "Description"), made),
        "",
    ]
    return "\n".join(lines)


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    lines = [f"| {' | '.join(f'**{name}**' for name in head)} |", "|" + " --- |" * len(head)]
    return lines + [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
