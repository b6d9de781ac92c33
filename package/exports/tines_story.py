"""A Tines story in the form of an export: actions, links, and their positions on the storyboard.

The form follows public exports of 2023 to 2025. Tines' references are written as `<<...>>` within a text, and after
`=` if the whole value is a formula; they refer to an action by the slug of its name.
"""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import dataclass, field
from typing import Any

# From an export of February 2025; Tines upgrades older exports when they are imported.
_VERSIONS = {"schema_version": 23, "standard_lib_version": 63, "action_runtime_version": 15}
_EXPORTED_AT = "2025-02-03T00:00:00Z"
_KEPT_S = 86400
_NAMESPACE = uuid.UUID("0f6f4b0e-5f0c-5f0a-9a53-6d7a3a1c2f44")

HTTP_REQUEST, TRIGGER = "Agents::HTTPRequestAgent", "Agents::TriggerAgent"
EVENT_TRANSFORM = "Agents::EventTransformationAgent"


def slug(name: str) -> str:
    """The name of an action in formulas."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def guid(name: str) -> str:
    """A GUID that is always the same for the same name."""
    return uuid.uuid5(_NAMESPACE, name).hex


@dataclass
class Story:
    """A story that is being built."""

    name: str
    about: str
    agents: list[dict[str, Any]] = field(default_factory=list)
    links: list[dict[str, int]] = field(default_factory=list)
    positions: dict[str, list[int]] = field(default_factory=dict)

    def add(self, kind: str, name: str, options: dict[str, Any], at: tuple[int, int], about: str = "") -> int:
        """Add an action and return its number for links."""
        own = guid(f"{self.name}/{name}")
        self.agents.append(
            {
                "type": kind,
                "name": name,
                "disabled": False,
                "description": about,
                "guid": own,
                "origin_story_identifier": self._origin,
                "options": options,
                "reporting": {"time_saved_value": 0, "time_saved_unit": "minutes"},
                "monitoring": {
                    "monitor_all_events": False,
                    "monitor_failures": False,
                    "monitor_no_events_emitted": None,
                },
                "template": {
                    "created_from_template_guid": None,
                    "created_from_template_version": None,
                    "template_tags": [],
                },
                "width": None,
                "schedule": None,
            }
        )
        self.positions[own] = list(at)
        return len(self.agents) - 1

    def link(self, *numbers: int) -> None:
        """Link each action to the next, in this order."""
        self.links += [{"source": source, "receiver": receiver} for source, receiver in zip(numbers, numbers[1:])]

    @property
    def _origin(self) -> str:
        return f"cloud:{guid('tenant')}:{guid(self.name)}"

    def export(self) -> dict[str, Any]:
        """The story as a JSON document."""
        return {
            **_VERSIONS,
            "name": self.name,
            "description": self.about,
            "guid": guid(self.name),
            "slug": slug(self.name),
            "agents": self.agents,
            "diagram_notes": [],
            "links": self.links,
            "diagram_layout": json.dumps(self.positions),
            "send_to_story_enabled": False,
            "entry_agent_guid": None,
            "exit_agent_guids": [],
            "exit_agent_guid": None,
            "api_entry_action_guids": [],
            "api_exit_action_guids": [],
            "keep_events_for": _KEPT_S,
            "reporting_status": True,
            "send_to_story_access": None,
            "story_library_metadata": {},
            "parent_only_send_to_story": False,
            "monitor_failures": False,
            "send_to_stories": [],
            "recipients": [],
            "synchronous_webhooks_enabled": False,
            "send_to_story_access_source": 0,
            "send_to_story_skill_use_requires_confirmation": True,
            "pages": [],
            "tags": [],
            "time_saved_unit": "minutes",
            "time_saved_value": 0,
            "origin_story_identifier": self._origin,
            "integration_product": None,
            "integration_vendor": None,
            "llm_product_instructions": "",
            "exported_at": _EXPORTED_AT,
            "icon": ":mag:",
            "integrations": [],
        }
