"""The integration: wazuh-integratord starts it for each alert, and analysisd gets its event."""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path
from typing import Any

from vt_connectors.adapters.soar.exchange import exchange
from vt_connectors.adapters.soar.serve_client import ServeClient
from vt_connectors.adapters.soar.wazuh import LONGEST_S, Wazuh, location

_NAME = "custom-vtaction"
_QUEUE = "queue/sockets/queue"
# integratord writes them to its log.
_WRONG_ARGUMENTS, _NO_SOCKET, _NO_ALERT, _NO_JSON, _WRONG_SERVER = 2, 4, 6, 7, 1
# analysisd does not take larger messages.
_LONGEST_EVENT = 65_000
_LARGEST_ALERT = 8 * 1024 * 1024


def main() -> int:
    """The exit status: 0 if the event was sent or the alert has nothing to look up."""
    if len(sys.argv) < 4 or not sys.argv[2] or not sys.argv[3]:
        return _failed(_WRONG_ARGUMENTS, "usage: custom-vtaction ALERT_FILE TOKEN SERVER; see docs/platforms/wazuh.md")
    path, token, server = sys.argv[1:4]
    try:
        with Path(path).open("rb") as file:
            alert = json.loads(file.read(_LARGEST_ALERT))
    except OSError as error:
        return _failed(_NO_ALERT, f"the alert cannot be read: {error}")
    except ValueError as error:
        return _failed(_NO_JSON, f"the alert {path} is not JSON: {error}")
    if not isinstance(alert, dict):
        return _failed(_NO_JSON, f"the alert {path} is not a JSON object")
    try:
        way_in = ServeClient(server, token)
    except ValueError as error:
        return _failed(_WRONG_SERVER, f"hook_url and api_key: {error}")
    event = exchange(Wazuh(), alert, way_in, LONGEST_S)
    if event is None:
        return 0
    try:
        _send(location(alert, _NAME) + _text(event))
    except OSError as error:
        return _failed(_NO_SOCKET, f"the event cannot be sent to {_queue()}: {error}")
    return 0


def _text(event: dict[str, Any]) -> str:
    text = json.dumps(event)
    if len(text) > _LONGEST_EVENT:
        told = {
            **event["virustotal"],
            "description": "",
            "source": {"alert_id": event["virustotal"]["source"]["alert_id"]},
        }
        text = json.dumps({**event, "virustotal": told})
    return text


def _send(message: str) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as queue:
        queue.connect(str(_queue()))
        queue.send(message.encode())


def _queue() -> Path:
    """Of the Wazuh whose folder `integrations` has this script."""
    return Path(__file__).resolve().parent.parent / _QUEUE


def _failed(status: int, message: str) -> int:
    sys.stderr.write(f"{_NAME}: {message}\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
