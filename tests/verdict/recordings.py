"""Recorded answers of VirusTotal's. They are kept beside the project; `VT_SAMPLES` names another place."""

from __future__ import annotations

import os
from pathlib import Path

# Read before any test's environment is emptied.
SAMPLES = Path(os.environ.get("VT_SAMPLES") or Path(__file__).resolve().parents[3] / "shared" / "samples")
