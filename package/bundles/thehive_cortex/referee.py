"""The library that runs Cortex's analyzers and responders."""

from __future__ import annotations

from package.referees.core import libraries_of_the_core
from package.referees.environments import Referee

REFEREES = (Referee("cortexutils", ("cortexutils==2.2.1", *libraries_of_the_core())),)
