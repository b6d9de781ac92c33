"""`run.py CONNECTOR.py < messages.json`: hands messages to the connector as OpenCTI's queue does, in their order."""

from __future__ import annotations

import json
import runpy
import sys
import traceback

from pycti.connector.opencti_connector_helper import ListenQueue


def main() -> None:
    names = runpy.run_path(sys.argv[1])
    connector = names["Connector"](names["configuration"]())
    helper = connector.helper
    listening = ListenQueue(
        helper,
        helper.opencti_token,
        helper.config,
        helper.connector_config,
        helper.applicant_id,
        "AMQP",
        False,
        "",
        0,
        connector.enrich,
    )
    for message in json.load(sys.stdin):
        listening._data_handler(message)
    helper.ping.stop()


if __name__ == "__main__":
    try:
        main()
    except Exception:
        # The helper's own hook ends the process without a word.
        traceback.print_exc()
        sys.exit(1)
