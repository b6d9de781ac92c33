"""The SDK that Cortex XSOAR's packs are validated, linted and zipped with."""

from __future__ import annotations

from package.referees.environments import Referee

REFEREES = (Referee("demisto-sdk", ("demisto-sdk==1.39.13",), ("3.12", "3.11", "3.13"), is_large=True),)
