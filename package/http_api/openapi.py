"""Writes the description of the HTTP API: `python -m package.http_api.openapi` makes dist/openapi/.

There are two: OpenAPI 3.1, which the server itself has at /openapi.json, and a copy in OpenAPI 2.0 for low-code
platforms that import nothing newer (custom connectors of Power Platform and Logic Apps).
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from package.http_api.swagger import swagger
from vt_connectors.adapters.http.openapi.document import document

PROJECT = Path(__file__).resolve().parents[2]
NEW, OLD = "openapi-3.1.json", "openapi-2.0.json"


def write(folder: Path) -> list[Path]:
    """Write both files into `folder`, and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, content in ((NEW, document()), (OLD, swagger(document()))):
        path = folder / name
        path.write_text(json.dumps(content, indent=1) + "\n", "utf-8")
        written.append(path)
    return written


def main() -> int:
    parser = argparse.ArgumentParser(description="Writes the description of the HTTP API in OpenAPI 3.1 and 2.0.")
    parser.add_argument("--folder", type=Path, default=PROJECT / "dist/openapi", help="default: dist/openapi")
    for path in write(parser.parse_args().folder):
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
