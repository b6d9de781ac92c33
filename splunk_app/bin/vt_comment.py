"""The alert action `vt_comment`. Splunk starts this file."""

import sys
from pathlib import Path

# Our libraries first, as in vtlookup.py.
_APP = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(_APP / "lib"), str(_APP / "bin")]

from vtlookup_app.alerts.entry import run  # noqa: E402

if __name__ == "__main__":
    sys.exit(run("comment", "vt_comment"))
