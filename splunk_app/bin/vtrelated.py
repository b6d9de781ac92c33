"""`| vtrelated`: the objects that are related to one indicator. Splunk starts this file."""

import sys
from pathlib import Path

# For the package `vtlookup_app`, whose module `libraries` adds the libraries.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from vtlookup_app.libraries import put_first

put_first()

from vtlookup_app.commands.base import run  # noqa: E402

if __name__ == "__main__":
    run("related", "VtRelated")
