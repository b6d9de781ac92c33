"""The platform's SDK, and what our package needs, so that the app runs from its source."""

from __future__ import annotations

from importlib.metadata import requires

from package.referees.environments import Referee

SDK = "splunk-soar-sdk==7.0.3"
_OURS = tuple(line for line in requires("vt-connectors") or () if "extra ==" not in line)

# The platform has Python 3.13.
REFEREES = (Referee("splunk_soar", (SDK, "uv==0.13.9", *_OURS), pythons=("3.13",), is_large=True),)
