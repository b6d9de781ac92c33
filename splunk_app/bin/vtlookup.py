"""`| vtlookup`: Splunk starts this file, several times a search for `getinfo` alone."""

import sys
from pathlib import Path

# Its other files; these know where the libraries are.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from vtlookup_app.libraries import put_first

put_first()

from vtlookup_app.chunks.protocol import Input  # noqa: E402
from vtlookup_app.sdk_import import dispatch  # noqa: E402
from vtlookup_app.search.command import VtLookup  # noqa: E402

if __name__ == "__main__":
    # The protocol owns stdout; whatever a library prints must not get into it.
    protocol, sys.stdout = sys.stdout, sys.stderr
    with open(0, "rb", buffering=0, closefd=False) as stdin:
        dispatch(VtLookup, sys.argv, Input(stdin), protocol, __name__)
