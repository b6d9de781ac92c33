"""`| vtdrain`: Splunk starts this file, several times a search for `getinfo` alone."""

import sys
from pathlib import Path

# Our libraries first: other apps' folders may be on the path, with other versions of the same packages.
_APP = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(_APP / "lib"), str(_APP / "bin")]

from vtlookup_app.light_sdk import without_client  # noqa: E402

with without_client():
    from splunklib.searchcommands import dispatch

from vtlookup_app.draining.command import VtDrain  # noqa: E402
from vtlookup_app.pipe import Input  # noqa: E402

if __name__ == "__main__":
    # The protocol owns stdout; whatever a library prints must not get into it.
    protocol, sys.stdout = sys.stdout, sys.stderr
    with open(0, "rb", buffering=0, closefd=False) as stdin:
        dispatch(VtDrain, sys.argv, Input(stdin), protocol, __name__)
