"""Imports the SDK's search commands without two of the SDK's modules. Import them only from here.

- `environment` reads logging configuration from files: when it is imported, for each new command, and for the SDK's
  option `logging_configuration`. Python evaluates expressions in such files, so the replacement opens none.
- `client` takes a third of the import time, and only `self.service` needs it. The replacement imports it on demand.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

_CLIENT = "splunklib.client"
_ENVIRONMENT = "splunklib.searchcommands.environment"


def _configure_logging(logger_name: str | None, filename: str | None = None) -> tuple[logging.Logger | None, None]:
    """Like the SDK's function for an app without such a file; `filename` is ignored."""
    return None if logger_name is None else logging.getLogger(logger_name), None


def _environment() -> ModuleType:
    made: Any = ModuleType(_ENVIRONMENT)
    made.configure_logging = _configure_logging
    made.splunklib_logger, made.logging_configuration = _configure_logging("splunklib")
    # The SDK uses these for its recordings, which our commands never make.
    made.app_file = made.app_root = made.splunk_home = ""
    made.__all__ = ["app_file", "app_root", "logging_configuration", "splunk_home", "splunklib_logger"]
    return made  # type: ignore[no-any-return]


@contextmanager
def _replacements() -> Iterator[None]:
    sys.modules.setdefault(_ENVIRONMENT, _environment())
    if _CLIENT in sys.modules:
        yield
        return
    client: Any = ModuleType(_CLIENT)
    client.Service = _service
    sys.modules[_CLIENT] = client
    try:
        yield
    finally:
        # A later import gets the real module.
        del sys.modules[_CLIENT]


def _service(*args: Any, **kwargs: Any) -> Any:
    from splunklib.client import Service

    return Service(*args, **kwargs)


with _replacements():
    from splunklib.searchcommands import Configuration, GeneratingCommand, Option, StreamingCommand, dispatch
    from splunklib.searchcommands.search_command import SearchCommand

__all__ = ["Configuration", "GeneratingCommand", "Option", "SearchCommand", "StreamingCommand", "dispatch"]
