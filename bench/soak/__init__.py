"""Injected faults, and their losses counted. A brief part runs with the tests, all of it with `make soak`."""

import sys
from pathlib import Path

_PROJECT = Path(__file__).resolve().parents[2]
# The drill on searches builds the app and drives its command.
sys.path.insert(0, str(_PROJECT / "splunk_app/bin"))
