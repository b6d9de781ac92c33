"""The parser of `vtaction`'s command line."""

from __future__ import annotations

import argparse
import os
from typing import NoReturn


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """As argparse's; a wrong argument that has the key is repeated without it."""
        from ...redaction import without_keys
        from ..core_from_environment import remember_keys

        remember_keys(os.environ)
        super().error(without_keys(message))
