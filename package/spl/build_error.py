"""The error of all builds."""

from __future__ import annotations


class BuildError(Exception):
    """The app cannot be built; the message says why and, if possible, what to do."""
