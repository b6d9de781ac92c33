"""OpenCTI's own client, and what validates STIX."""

from __future__ import annotations

from package.referees.environments import Referee

PYCTI = "pycti==7.261026.0"
REFEREES = (Referee("pycti", (PYCTI, "stix2-validator==3.3.2"), ("3.12", "3.11"), is_large=True),)
