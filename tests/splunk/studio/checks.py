"""Checks of a Dashboard Studio definition that need neither Splunk's renderer nor a browser.

Each returns complaints. Splunk's renderer draws a page with most of these faults without a word, and AppInspect does
not read definitions.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from tests.package.spl_fields import UnknownField, fields_after
from tests.package.spl_reader import SPLUNKS, commands, refuse_unknown

Definition = Mapping[str, Any]
HANDLERS = frozenset(("drilldown.customUrl", "drilldown.setToken"))
# What our pages may run: the commands that only read, those of Splunk that only change rows, and vtcomment nowhere.
ALLOWED = frozenset((*SPLUNKS - {"collect", "sendalert"}, "vtreport", "vtquota", "vtcache", "vtrelated", "vtbehaviour"))
# A page of links may run these only with the code of a click.
_CONFIRMED = ("vtreport", "vtrelated", "vtbehaviour")
_TOKEN = re.compile(r"\$([\w.:]+)((?:\|\w+)*)\$")
_CONTEXT = re.compile(r"(?:matchValue|rangeValue|formatByType|gradient|pick)\(([^)]*)\)")
_FIELD = re.compile(r'seriesByName\("([^"]*)"\)')


def read(text: str) -> tuple[Definition, list[str]]:
    """The definition in the text of a view, and complaints about its envelope."""
    match = re.fullmatch(
        r'<dashboard version="([^"]*)">\s*<label>[^<]+</label>\s*<description>[^<]+</description>\s*'
        r"<definition><!\[CDATA\[(.*)\]\]></definition>\s*</dashboard>\s*",
        text,
        re.DOTALL,
    )
    if match is None:
        return {}, ["the view is not a Dashboard Studio dashboard"]
    complaints = [] if match[1] == "2" else [f"version {match[1]!r} is not '2'"]
    try:
        return json.loads(match[2]), complaints
    except ValueError as error:
        return {}, [*complaints, f"invalid JSON: {error}"]


def layout(definition: Definition) -> Iterator[str]:
    """Everything is placed once, nothing overlaps, and it is the layout that all releases since 9.3 have."""
    placed = definition["layout"]
    if set(placed) != {"type", "globalInputs", "structure", "options"} or placed["type"] != "grid":
        yield "the layout is not of the old form"
    items = [each["item"] for each in placed.get("structure", [])]
    yield from _unlike("panel", items, definition["visualizations"])
    yield from _unlike("input", placed.get("globalInputs", []), definition["inputs"])
    for one, other in itertools.combinations(placed.get("structure", []), 2):
        if _overlap(one["position"], other["position"]):
            yield f"{one['item']} and {other['item']} overlap"
    for each in placed.get("structure", []):
        if each["position"]["x"] + each["position"]["w"] > placed["options"]["width"]:
            yield f"{each['item']} is wider than the page"


def _unlike(kind: str, named: list[str], there: Collection[str]) -> Iterator[str]:
    yield from (f"the layout names {kind} {name}, which does not exist" for name in named if name not in there)
    yield from (f"{kind} {name} is in the layout {named.count(name)} times" for name in there if named.count(name) != 1)


def _overlap(one: Mapping[str, int], other: Mapping[str, int]) -> bool:
    return all(one[at] < other[at] + other[size] and other[at] < one[at] + one[size] for at, size in ("xw", "yh"))


def references(definition: Definition) -> Iterator[str]:
    """What names a data source, a context or an event handler names one that exists."""
    sources = definition["dataSources"]
    for name, source in sources.items():
        if "query" not in source["options"]:
            yield f"{name} has no query"
        if source["type"] == "ds.chain" and source["options"].get("extend") not in sources:
            yield f"{name} extends {source['options'].get('extend')}, which does not exist"
    for name, panel in definition["visualizations"].items():
        yield from _of_panel(name, panel, sources)
    used = {
        source for panel in definition["visualizations"].values() for source in panel.get("dataSources", {}).values()
    }
    used |= {source["options"].get("extend") for source in sources.values()}
    yield from (f"nothing shows {name}" for name in sources if name not in used)


def _of_panel(name: str, panel: Mapping[str, Any], sources: Collection[str]) -> Iterator[str]:
    shown = panel.get("dataSources", {}).values()
    yield from (f"{name} shows {source}, which does not exist" for source in shown if source not in sources)
    handlers = [handler["type"] for handler in panel.get("eventHandlers", [])]
    yield from (f"{name} has the unknown event handler {kind}" for kind in handlers if kind not in HANDLERS)
    contexts = _CONTEXT.findall(json.dumps(panel.get("options", {})))
    known = panel.get("context", {})
    yield from (f"{name} uses the context {each}, which does not exist" for each in contexts if each not in known)


def spl(definition: Definition) -> Iterator[str]:
    """Only allowed commands; lookups only with the code of a click."""
    for name, source in definition["dataSources"].items():
        query = _TOKEN.sub('"a value"', source["options"].get("query", ""))
        text = f"| {query}" if source["type"] == "ds.chain" else query
        try:
            refuse_unknown(text)
        except ValueError as error:
            yield f"{name}: {error}"
        if "[" in re.sub(r'"(?:\\.|[^"\\])*"', "", query):
            yield f"{name}: a subsearch could run any command"
        for at, (command, arguments) in enumerate(commands(text)):
            is_terms = at == 0 and not text.startswith("|")
            if not is_terms and command not in ALLOWED:
                yield f"{name} runs the command {command}"
            if command in _CONFIRMED and not re.search(r'\bconfirm="a value"', arguments):
                yield f"{name} runs {command} without confirm=, so a link could spend quota"


def tokens(definition: Definition) -> Iterator[str]:
    """Values are quoted in searches and encoded in links."""
    for source in definition["dataSources"].values():
        yield from _unfiltered(source["options"].get("query", ""), "s")
    for panel in definition["visualizations"].values():
        yield from _unfiltered(panel.get("options", {}).get("markdown", ""), "u")
        for handler in panel.get("eventHandlers", []):
            yield from _unfiltered(handler["options"].get("url", ""), "u")


def _unfiltered(text: str, wanted: str) -> Iterator[str]:
    for match in _TOKEN.finditer(text):
        if match[2] != f"|{wanted}":
            yield f"{match[0]} is not filtered by |{wanted}"


def fields(definition: Definition, sources: Mapping[str, Collection[str]]) -> Iterator[str]:
    """Searches and panels use fields that exist. `sources`: see `fields_after`."""
    after: dict[str, frozenset[str]] = {}
    for name, source in definition["dataSources"].items():
        query = _TOKEN.sub('"a value"', source["options"].get("query", ""))
        given = after.get(source["options"].get("extend", ""), frozenset())
        try:
            after[name] = fields_after(query if not given else f"| {query}", sources, given)
        except (UnknownField, KeyError) as error:
            yield f"{name}: {error}"
            after[name] = frozenset()
    for name, panel in definition["visualizations"].items():
        known = after.get(panel.get("dataSources", {}).get("primary", ""), frozenset())
        shown = {
            *_FIELD.findall(str(panel.get("options", {})).replace("\\", "")),
            *panel.get("options", {}).get("columnFormat", {}),
        }
        keys = re.findall(r"row\.([\w ]+)\.value", json.dumps(panel.get("eventHandlers", [])))
        yield from (
            f"{name} uses the field {field}, which its search does not have"
            for field in sorted({*shown, *keys} - known)
        )


def options(definition: Definition, schema: Mapping[str, Any]) -> Iterator[str]:
    """Each option of a panel is one of its type's. `schema` is that of Splunk's renderer."""
    [of_panel] = schema["properties"]["visualizations"]["patternProperties"].values()
    known = {
        rule["if"]["properties"]["type"]["const"]: rule["then"]["properties"]["options"].get("properties", {})
        for rule in of_panel["allOf"]
    }
    for name, panel in definition["visualizations"].items():
        names = known.get(panel["type"], {})
        yield from (
            f"{name} has the unknown option {option}" for option in panel.get("options", {}) if option not in names
        )


def valid(definition: Definition, schema: Mapping[str, Any]) -> Iterator[str]:
    """The schema of Splunk's renderer, except for the layout, whose new form it describes."""
    import jsonschema

    rest = {**schema, "required": [name for name in schema["required"] if name != "layout"]}
    checked = {name: value for name, value in definition.items() if name != "layout"}
    for error in jsonschema.Draft7Validator(_nullable(rest)).iter_errors(checked):
        yield f"{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}"


def _nullable(schema: Any) -> Any:
    """`nullable` as JSON Schema has it."""
    if isinstance(schema, list):
        return [_nullable(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: _nullable(value) for name, value in schema.items() if name != "nullable"}
    if schema.get("nullable") and isinstance(found.get("type"), str):
        found["type"] = [found["type"], "null"]
    return found
