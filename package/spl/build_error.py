"""The one error with which a build is refused."""

from __future__ import annotations


class BuildError(Exception):
    """The app cannot be built; the text says what is wrong and, where there is one, the way out."""
