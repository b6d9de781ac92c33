"""What Splunk's own server for REST handlers does, in small: one line with a request in, one with the reply out.

It runs on Splunk's Pythons: `endpoint_process.py <the app's bin> <module.Class>`.
"""

from __future__ import annotations

import importlib
import json
import sys


def main() -> None:
    module, name = sys.argv[2].rsplit(".", 1)
    sys.path[0] = sys.argv[1]
    protocol, sys.stdout = sys.stdout, sys.stderr
    handler = getattr(importlib.import_module(module), name)(None, None)
    for line in sys.stdin:
        protocol.write(json.dumps(handler.handle(json.loads(line))) + "\n")
        protocol.flush()


if __name__ == "__main__":
    main()
