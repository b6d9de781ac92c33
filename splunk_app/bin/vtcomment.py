"""`| vtcomment`: one comment on one indicator, for everyone to read. Splunk starts this file."""

import sys
from pathlib import Path

# Our libraries first: other apps' folders may be on the path, with other versions of the same packages.
_APP = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(_APP / "lib"), str(_APP / "bin")]

from vtlookup_app.generating.entry import run  # noqa: E402

if __name__ == "__main__":
    run("comment", "VtComment")
