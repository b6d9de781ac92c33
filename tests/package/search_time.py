"""The fields that Splunk gives an event at search time, from the app's props.conf, eventtypes.conf and tags.conf."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Union

from .conf_reader import Stanzas
from .spl_eval import evaluate

Fields = dict[str, Union[str, Sequence[str]]]
_ALIAS = re.compile(r'"?([\w{}.]+)"? (ASNEW|AS) "?([\w{}.]+)"?')


def fields_of(event: Mapping[str, Any], settings: Mapping[str, str]) -> Fields:
    """The event's fields by KV_MODE = json, then aliases, then calculated fields, of which none sees another."""
    fields = extracted(event)
    for name, text in settings.items():
        if name.startswith("FIELDALIAS-"):
            fields = _aliased(text, fields)
    made = {name[5:]: evaluate(text, fields) for name, text in settings.items() if name.startswith("EVAL-")}
    return {**fields, **{name: value for name, value in made.items() if value is not None}}


def extracted(event: Mapping[str, Any]) -> Fields:
    """By KV_MODE = json: values are texts, and the values of a list are in a field with {} at its end."""
    found: Fields = {}
    for name, value in event.items():
        if isinstance(value, list):
            found[f"{name}{{}}"] = [str(each) for each in value]
        elif value is not None:
            found[name] = str(value)
    return found


def _aliased(text: str, fields: Fields) -> Fields:
    aliases = _ALIAS.findall(text)
    if " ".join(text.split()).replace('"', "") != " ".join(" ".join(each) for each in aliases):
        raise ValueError(f"{text!r} is not understood")
    added = {new: fields[old] for old, how, new in aliases if old in fields and (how == "AS" or new not in fields)}
    return {**fields, **added}


def eventtypes_of(fields: Fields, sourcetype: str, eventtypes: Stanzas) -> set[str]:
    """The event types whose search finds the event. ValueError for a search that is not understood."""
    known: Fields = {**fields, "sourcetype": sourcetype}
    found = {name: _as_expression(settings["search"]) for name, settings in eventtypes.items()}
    return {name for name, expression in found.items() if evaluate(f'if({expression}, "y", "n")', known) == "y"}


def _as_expression(search: str) -> str:
    """`a=b (c=d OR c=e)` as an expression of eval."""
    quoted = re.sub(r"(\w+)=([\w:]+)", r'\1=="\2"', search)
    return re.sub(r'(?<=["\)]) +(?=[\w(])(?!OR\b)', " AND ", quoted)


def tags_of(names: set[str], tags: Stanzas) -> set[str]:
    return {
        tag
        for stanza, settings in tags.items()
        for tag, state in settings.items()
        if state == "enabled" and stanza.partition("eventtype=")[2] in names
    }
