"""`vtaction curl`: prints an action as shell commands that make its calls."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping

from ...composition.core import file_access
from ...config.credentials import find_key, own_files
from ...config.settings import read_settings
from ...contract import MALFORMED, OK, RETRY_LATER
from ...errors import ConnectorError
from ...export.plan_action import request_plan
from ...export.shell import Script
from ...indicators import NeverQuery
from ...redaction import KeyGuard
from ..process.termination import Termination
from .action_command import requests_of
from .logs import complain


def print_curl(options: argparse.Namespace, environment: Mapping[str, str], ending: Termination) -> int:
    """Print a paragraph for each value. Returns the exit status: 2 if any value was refused."""
    code = OK
    try:
        settings = read_settings(environment)
        never_query = NeverQuery(settings.never_query)
        guard = KeyGuard(lambda: find_key(environment)[0])
        access = file_access(settings, lambda: own_files(environment))
    except ConnectorError as error:
        return _refused(error)
    for request in requests_of(options, ending):
        try:
            plan = request_plan(request, settings.api_version, never_query, guard, access)
        except ConnectorError as error:
            code = _refused(error)
            continue
        text = f"# {plan.skipped}\n" if plan.skipped else Script(settings.api_url).text(plan.calls)
        # A path need not be Unicode.
        sys.stdout.buffer.write(os.fsencode(text))
    sys.stdout.buffer.flush()
    return RETRY_LATER if ending.clock.cancelled and code == OK else code


def _refused(error: ConnectorError) -> int:
    complain(f"vtaction curl: {error.message}")
    return MALFORMED
