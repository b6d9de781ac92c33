"""The SDK without its HTTP client, which takes a third of its import and serves `self.service` alone."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

_CLIENT = "splunklib.client"


@contextmanager
def without_client() -> Iterator[None]:
    """What of the SDK is imported in here gets a `Service` that imports the client when it is called."""
    if _CLIENT in sys.modules:
        yield
        return
    stand_in: Any = ModuleType(_CLIENT)
    stand_in.Service = _service
    sys.modules[_CLIENT] = stand_in
    try:
        yield
    finally:
        # Whoever imports it from now on gets the real one.
        del sys.modules[_CLIENT]


def _service(*args: Any, **kwargs: Any) -> Any:
    from splunklib.client import Service

    return Service(*args, **kwargs)
