"""The server that runs MISP's modules, and the library that makes its objects."""

from __future__ import annotations

from package.referees.core import libraries_of_the_core
from package.referees.environments import Referee

# pymisp comes with it.
REFEREES = (Referee("misp_modules", ("misp-modules==3.1.1", *libraries_of_the_core())),)
