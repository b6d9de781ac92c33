"""The packages that pages speak of and that are not installed."""

from __future__ import annotations

import sys
from pathlib import Path

for folder in ("package", "splunk_app/bin"):
    sys.path.insert(0, str(Path(__file__).resolve().parents[2] / folder))
