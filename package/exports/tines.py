"""Makes story exports for Tines: `python -m package.exports.tines` writes dist/tines/*.json.

The requests come from the client's own table of endpoints, and from the registry of actions. The format and the
references follow Tines' documentation and public exports. **The stories were not imported into a live tenant.**
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from package.exports.tines_requests import Asking, actions, calls, input_name
from package.exports.tines_story import EVENT_TRANSFORM, HTTP_REQUEST, TRIGGER, Story, slug

PROJECT = Path(__file__).resolve().parents[2]
# How often an operation is retried, and the seconds before each retry.
ROUNDS, WAIT_S = 9, 20
_COLUMNS, _WIDTH, _HEIGHT, _STEP = 6, 480, 750, 120

_NOT_TRIED = (
    "This export was made from VirusTotal's API and Tines' documentation; it was not imported into a live tenant."
)
_HOW = (
    "Each operation begins with an input that contains an example: link your own actions to it and replace the example "
    "by references to them, or run it unchanged. The trigger 'answered' passes the response on; delete the operations "
    f"you do not need. Without quota it waits {WAIT_S} seconds and tries again, {ROUNDS} times at most. "
)
_TERMS = (
    "Lookups are visible to VirusTotal's community, comments and scans are public, and the public API is "
    "not for commercial products, services or business workflows. "
)
_KEY = "It needs a text credential named virustotal with the API key; allow only the domain www.virustotal.com for it. "
_CONNECTOR = (
    "Every action of the VirusTotal connector through `vtaction serve`, so that Tines shares its cache and quota with "
    "all other tools. Put the server's address, without a slash at its end, into a text resource named "
    "vt_connector_url, and a token of the server into a text credential named vt_connector; allow only the server's "
    "domain for it. Give the token the rights that the actions need. "
)


def stories() -> dict[str, dict[str, Any]]:
    """The exports by file name."""
    made = {
        "virustotal-v3.json": _story("VirusTotal API v3", _HOW + _KEY + _TERMS, calls("3")),
        "virustotal-v2.json": _story(
            "VirusTotal API v2", "The legacy API: HTTP 204 means out of quota. " + _HOW + _KEY + _TERMS, calls("2")
        ),
        "virustotal-connector.json": _story("VirusTotal connector", _CONNECTOR + _HOW + _TERMS, actions()),
    }
    return {name: story.export() for name, story in made.items()}


def _story(name: str, about: str, operations: Iterable[Asking]) -> Story:
    story = Story(name, about + _NOT_TRIED)
    for number, asking in enumerate(operations):
        _add(story, asking, (number % _COLUMNS) * _WIDTH, (number // _COLUMNS) * _HEIGHT)
    return story


def _add(story: Story, asking: Asking, x: int, y: int) -> None:
    """Input and request; if retries make sense, also: out of quota, count, wait, and back to the request."""
    payload = {"mode": "message_only", "loop": False, "payload": dict(asking.example)}
    start = story.add(EVENT_TRANSFORM, input_name(asking.name), payload, (x, y), "The input of the request.")
    request = story.add(HTTP_REQUEST, asking.name, dict(asking.request), (x, y + _STEP), asking.about)
    story.link(start, request)
    if asking.again is None:
        return
    label, reference, pattern = asking.again
    count = f"{asking.name}: count"
    rounds = f"<<DEFAULT({slug(count)}.round, 0)>>"
    again = {
        "rules": [
            {"type": "regex", "value": pattern, "path": reference},
            {"type": "field<value", "value": str(ROUNDS), "path": rounds},
        ],
        "must_match": 2,
    }
    done = {
        "rules": [
            {"type": "!regex", "value": pattern, "path": reference},
            {"type": "field>=value", "value": str(ROUNDS), "path": rounds},
        ],
        "must_match": 1,
    }
    counting = {"round": f"=PLUS(DEFAULT({slug(count)}.round, 0), 1)"}
    at = y + 2 * _STEP
    asks_again = story.add(TRIGGER, f"{asking.name}: {label}", again, (x, at), "While there are retries left.")
    counts = story.add(
        EVENT_TRANSFORM, count, {"mode": "message_only", "loop": False, "payload": counting}, (x, at + _STEP)
    )
    waits = story.add(
        EVENT_TRANSFORM, f"{asking.name}: wait", {"mode": "delay", "seconds": WAIT_S}, (x, at + 2 * _STEP)
    )
    answered = story.add(TRIGGER, f"{asking.name}: answered", done, (x + _WIDTH // 2, at), "Continue from here.")
    story.link(request, asks_again, counts, waits, request)
    story.link(request, answered)


def write(folder: Path) -> list[Path]:
    """Write the exports into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    made = stories()
    for name, story in made.items():
        (folder / name).write_text(json.dumps(story, indent=2) + "\n", "utf-8")
    return [folder / name for name in made]


def main() -> int:
    """Parse the command line and write."""
    parser = argparse.ArgumentParser(description="Make story exports for Tines.")
    parser.add_argument("--out", type=Path, default=PROJECT / "dist/tines", help="folder for the files")
    for path in write(parser.parse_args().out):
        print(f"  wrote      {path} ({(path.stat().st_size + 1023) // 1024} KB)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
