"""`| vtlookup`: Splunk starts this file, several times per search only for `getinfo`."""

import sys
from pathlib import Path

# For the package `vtlookup_app`, whose module `libraries` adds the libraries.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from vtlookup_app.libraries import put_first

put_first()

from vtlookup_app.chunks.protocol import Input  # noqa: E402
from vtlookup_app.sdk_import import dispatch  # noqa: E402
from vtlookup_app.search.command import VtLookup  # noqa: E402

if __name__ == "__main__":
    # stdout carries the protocol; text that a library prints must not get into it.
    protocol, sys.stdout = sys.stdout, sys.stderr
    with open(0, "rb", buffering=0, closefd=False) as stdin:
        dispatch(VtLookup, sys.argv, Input(stdin), protocol, __name__)
