"""The platform's SDK, and what our package needs, so that the app runs from its source."""

from __future__ import annotations

from package.referees.core import libraries_of_the_core
from package.referees.environments import Referee

SDK = "splunk-soar-sdk==7.0.3"

# The platform has Python 3.13.
REFEREES = (Referee("splunk_soar", (SDK, "uv==0.13.9", *libraries_of_the_core()), pythons=("3.13",), is_large=True),)
