"""The tools of Rapid7: the generator of plugins with its validators, and the runtime of plugins."""

from __future__ import annotations

from package.referees.environments import Referee

# The newest runtime requires a version of certifi that registries do not have.
RUNTIME = "6.6.0"
# The validators need `distutils`, which Python 3.12 does not have.
TOOL = Referee("insightconnect_tool", ("insight-plugin==1.11.0",), pythons=("3.11",), is_large=True)
REFEREES = (
    Referee("insightconnect_runtime", (f"insightconnect-plugin-runtime=={RUNTIME}",), is_large=True),
    TOOL,
)
