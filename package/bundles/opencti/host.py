"""What runs as a connector of OpenCTI. `bundle.py` puts the modules of this project before it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pycti import OpenCTIConnectorHelper, get_config_variable

from vt_connectors.adapters.soar.exchange import exchange
from vt_connectors.adapters.soar.opencti import Observable, OpenctiCodec
from vt_connectors.adapters.soar.serve_client import ServeClient

_LEVELS = ("TLP:CLEAR", "TLP:WHITE", "TLP:GREEN", "TLP:AMBER", "TLP:AMBER+STRICT", "TLP:RED")
# OpenCTI waits for a connector as long as it takes, and sends it the next message afterwards.
_USUAL_S = 240.0


class Connector:
    """Enriches one observable for each message. `config`: what config.yml has; the environment goes before it.

    Raises `ValueError` if a setting is wrong.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        def setting(name: str, default: str) -> str:
            found = get_config_variable(f"VTCONNECTORS_{name.upper()}", ["vtconnectors", name], config, default=default)
            return str(found)

        self._most_tlp = setting("max_tlp", "TLP:AMBER").upper()
        if self._most_tlp not in _LEVELS:
            raise ValueError(f"max_tlp must be one of {', '.join(_LEVELS)}, not {self._most_tlp!r}")
        self._within_s = float(setting("max_wait", str(_USUAL_S)))
        self._way_in = ServeClient(setting("server_url", ""), setting("token", ""))
        self.helper = OpenCTIConnectorHelper(config, playbook_compatible=True)

    def enrich(self, data: Mapping[str, Any]) -> str:
        """The message of the work. Raises `RuntimeError` with the message if the work failed."""
        entity, objects = data["stix_entity"], data["stix_objects"]
        refused = self._marked_above(data["enrichment_entity"])
        if refused:
            self._send(objects, is_changed=False)
            return f"not looked up: it is marked {refused}, and max_tlp is {self._most_tlp}"
        output = exchange(OpenctiCodec(), Observable(entity["id"], objects), self._way_in, self._within_s)
        if output.is_failure:
            raise RuntimeError(output.message)
        self._send(output.objects, output.is_changed)
        return output.message

    def run(self) -> None:
        """Answers messages until it is stopped."""
        self.helper.listen(message_callback=self.enrich)

    def _marked_above(self, entity: Mapping[str, Any]) -> str | None:
        markings = [mark for mark in entity.get("objectMarking") or [] if mark.get("definition_type") == "TLP"]
        levels = [str(mark["definition"]) for mark in markings]
        return next((level for level in levels if not self.helper.check_max_tlp(level, self._most_tlp)), None)

    def _send(self, objects: Any, is_changed: bool) -> None:
        """A playbook needs the objects in any case: it goes on with them."""
        if is_changed or self.helper.playbook is not None:
            self.helper.send_stix2_bundle(self.helper.stix2_create_bundle(list(objects)))


def configuration() -> dict[str, Any]:
    """Of config.yml beside this file, if it is there."""
    path = Path(__file__).with_name("config.yml")
    found = yaml.safe_load(path.read_text("utf-8")) if path.is_file() else None
    return found or {}


def main() -> int:
    """The exit status."""
    try:
        connector = Connector(configuration())
    except ValueError as error:
        print(f"the connector does not start: {error}", file=sys.stderr)
        return 2
    connector.run()
    return 0
