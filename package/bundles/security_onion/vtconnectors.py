"""The analyzer: Security Onion starts it for each observable."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

from vt_connectors.adapters.soar.configured import way_in_for
from vt_connectors.adapters.soar.exchange import exchange
from vt_connectors.adapters.soar.security_onion import KINDS, LONGEST_S, SecurityOnion

# Tells Security Onion that the artifact is not for this analyzer.
_NOT_SUPPORTED = 126


def main() -> int:
    """The exit status. Whatever came of the artifact, its status is 0, and the output says what came."""
    # Security Onion reads stdout and stderr as one document.
    logging.disable()
    parser = argparse.ArgumentParser(description="VirusTotal's verdict on an artifact")
    parser.add_argument("artifact", help="the artifact as JSON")
    parser.add_argument("-c", "--config", default=str(Path(__file__).resolve().with_suffix(".yaml")))
    given = parser.parse_args()
    artifact = _artifact(given.artifact)
    if artifact is None:
        return _NOT_SUPPORTED
    print(json.dumps(_output(artifact, Path(given.config))))
    return 0


def _artifact(text: str) -> dict[str, Any] | None:
    """None if it is not one that VirusTotal can know."""
    try:
        artifact = json.loads(text)
    except ValueError:
        return None
    is_ours = isinstance(artifact, dict) and artifact.get("artifactType") in KINDS
    return artifact if is_ours and isinstance(artifact.get("value"), str) else None


def _output(artifact: dict[str, Any], config: Path) -> dict[str, Any]:
    try:
        read = json.loads(config.read_text("utf-8"))
        server, key, settings = (str(read.get(name) or "") for name in ("url", "key", "settings"))
    except (OSError, ValueError, AttributeError) as error:
        message = f"config_error: {config} is not a JSON object with url and key: {error}"
        return {"summary": "config_error", "status": "caution", "error": message}
    return exchange(SecurityOnion(), artifact, way_in_for(server, key, settings, os.environ), LONGEST_S)


if __name__ == "__main__":
    sys.exit(main())
