"""Injected faults and their losses. The quick part runs with the tests, the long one is `make soak`."""

import sys
from pathlib import Path

_PROJECT = Path(__file__).resolve().parents[2]
# The drill on searches builds the app and drives its command.
sys.path.insert(0, str(_PROJECT / "splunk_app/bin"))
