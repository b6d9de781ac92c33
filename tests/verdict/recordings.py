"""Recorded responses of VirusTotal. They are next to the project; `VT_SAMPLES` names another folder."""

from __future__ import annotations

import os
from pathlib import Path

# Read before the environment of a test is cleared.
SAMPLES = Path(os.environ.get("VT_SAMPLES") or Path(__file__).resolve().parents[3] / "shared" / "samples")
