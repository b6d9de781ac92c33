"""What the generators make of a new action: for each platform the lines that it adds, in golden/.

`python -m tests.bundles.test_new_action` writes those files again. Read the difference before you commit it.
"""

from __future__ import annotations

import difflib
import tempfile
from pathlib import Path
from typing import Any

import pytest

from package.bundles.manifest import manifest_of, read_manifest
from package.bundles.platforms import platforms, writer

GOLDEN = Path(__file__).with_name("golden")
# One parameter and one field of each kind.
NEW: dict[str, Any] = {
    "name": "count_reports",
    "title": "Count reports",
    "description": "How many reports there are on a domain in a period",
    "cost": {"requests": "1", "counted": True},
    "licence": "premium",
    "writes": False,
    "write_params": ["notify"],
    "once": False,
    "params": {
        "type": "object",
        "required": ["domain"],
        "properties": {
            "domain": {"type": "string", "description": "a domain"},
            "days": {"type": ["integer", "null"], "default": 7, "description": "length of the period in days"},
            "kinds": {
                "type": ["array", "null"],
                "items": {"type": "string", "enum": ["file", "url"]},
                "description": "which reports",
            },
            "order": {"type": "string", "enum": ["newest", "oldest"], "description": "what comes first"},
            "notify": {"type": "boolean", "default": False, "description": "tell its owner", "writes": True},
        },
    },
    "result": {
        "type": "object",
        "properties": {
            "indicator": {"type": "string", "description": "The domain", "examples": ["example.com"]},
            "count": {"type": "integer", "description": "Number of reports", "examples": [3]},
            "reports": {
                "type": "array",
                "description": "The reports",
                "items": {
                    "type": "object",
                    "properties": {"id": {"type": "string", "description": "Its id", "examples": ["a1"]}},
                },
            },
        },
    },
    "errors": [],
    "examples": [
        {
            "request": {"v": 1, "id": "1", "action": "count_reports", "params": {"domain": "example.com"}},
            "command_line": "example.com",
        }
    ],
}


def made_of_it(platform: str) -> str:
    """The lines that the new action adds to the files of the bundle, and those that it changes."""
    known = read_manifest()
    document = {**known.document, "actions": [*known.document["actions"], NEW]}
    with tempfile.TemporaryDirectory() as without, tempfile.TemporaryDirectory() as with_it:
        writer(platform)(known, Path(without))
        writer(platform)(manifest_of(document), Path(with_it))
        before, after = _texts(Path(without)), _texts(Path(with_it))
    assert before, "a bundle has files"
    found: list[str] = []
    for name in sorted(before.keys() | after.keys()):
        lines = difflib.unified_diff(before.get(name, []), after.get(name, []), name, name, n=0, lineterm="")
        # The places in the files change with every other action.
        found += ["@@" if line.startswith("@@") else line for line in lines]
    return "".join(f"{line}\n" for line in found)


def _texts(folder: Path) -> dict[str, list[str]]:
    found = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        try:
            found[path.relative_to(folder).as_posix()] = path.read_text("utf-8").splitlines()
        except UnicodeDecodeError:
            continue  # pictures and archives
    return found


@pytest.mark.parametrize("platform", platforms())
def test_a_new_action_becomes_what_the_golden_file_says(platform: str) -> None:
    path = GOLDEN / f"{platform}.diff"
    expected = path.read_text("utf-8") if path.exists() else ""
    came = made_of_it(platform)
    assert came == expected, (
        f"the bundle gets other lines from a new action than golden/{platform}.diff has. If that is intended, "
        "`.venv/bin/python -m tests.bundles.test_new_action` writes the golden files anew; read their difference"
    )


def test_each_golden_file_has_its_platform() -> None:
    assert {path.stem for path in GOLDEN.glob("*.diff")} <= set(platforms())


def _write() -> None:
    for platform in platforms():
        path, text = GOLDEN / f"{platform}.diff", made_of_it(platform)
        if text:
            path.write_text(text, "utf-8")
        else:
            path.unlink(missing_ok=True)


if __name__ == "__main__":
    _write()
