"""Runs Rapid7's validators on a plugin, in the environment of their tool: a line of JSON for each.

The arguments are the folder of the plugin, and the names of validators that are left out.
"""

import contextlib
import json
import sys

from icon_plugin_spec.plugin_spec import KomandPluginSpec
from icon_validator.rules import JENKINS_VALIDATORS, VALIDATORS

for validator in VALIDATORS + JENKINS_VALIDATORS:
    name = type(validator).__name__
    why = "left out"
    if name not in sys.argv[2:]:
        try:
            with contextlib.redirect_stdout(sys.stderr):
                validator.validate(KomandPluginSpec(sys.argv[1], "plugin.spec.yaml"))
            why = "passed"
        except Exception as error:
            why = f"{type(error).__name__}: {error}"
    print(json.dumps([name, why]))
