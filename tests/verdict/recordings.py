"""Responses of VirusTotal as files: those in `tests/answers` are written for the tests, with invented values.

Recorded ones are tried too if they are next to the project; `VT_SAMPLES` names another folder.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

WRITTEN = Path(__file__).resolve().parents[1] / "answers"
# Read before the environment of a test is cleared.
SAMPLES = Path(os.environ.get("VT_SAMPLES") or Path(__file__).resolve().parents[3] / "shared" / "samples")
RECORDED_ONLY = pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"no recorded answers at {SAMPLES}; set VT_SAMPLES")


def name_of(path: Path) -> str:
    """The path within its folder, like `v3/files/rtf.json`."""
    root = WRITTEN if WRITTEN in path.parents else SAMPLES
    return path.relative_to(root).as_posix()


def answers(within: str = "") -> list[Path]:
    """All that are here, the written ones first."""
    found = [path for root in (WRITTEN, SAMPLES) for path in sorted((root / within).rglob("*.json"))]
    return [path for path in found if path.name != "manifest.json"]


def each_answer(within: str = "") -> list[Any]:
    """Parameters of a test: every written answer and every recorded one. Without those there is one that is skipped."""
    found = [pytest.param(path, id=_id(path)) for path in answers(within)]
    return found if SAMPLES.is_dir() else [*found, pytest.param(SAMPLES, id="recorded", marks=RECORDED_ONLY)]


def each_folder() -> list[Any]:
    """Parameters of a test: the folder with the written answers, and that with recorded ones."""
    return [pytest.param(WRITTEN, id="written"), pytest.param(SAMPLES, id="recorded", marks=RECORDED_ONLY)]


def _id(path: Path) -> str:
    return f"written-{name_of(path)}" if WRITTEN in path.parents else name_of(path)
