"""What an action's result schema says about its tables.

A title in the schema makes something visible: of a row's field, it is a column; of a field with one value, it is a
column of a table with one row; of an object with known fields, these are rows of a table; another object is printed as
JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Union

from ....actions import Action
from ....errors import printable
from .sheet import VERDICT_STYLES, Cell, Sheet, cell, lines_cell

# A text is a line of its own, or JSON.
Part = Union[Sheet, str]


def parts_of(action: Action, data: Mapping[str, Any], summary: str) -> list[Part]:
    """The sheets and texts for one answer's `data`; empty if the schema has none for it."""
    schema = action.result_schema["properties"]
    single = {name: rules["title"] for name, rules in schema.items() if "title" in rules and _is_single(rules)}
    if any(name in data for name in single):
        return [_sheet(single, [data])]
    found = list(_parts(schema, data))
    return [printable(_title(data, summary)), *found] if found else []


def _parts(schema: Mapping[str, Any], data: Mapping[str, Any]) -> Iterator[Part]:
    for name, rules in schema.items():
        columns = {field: about["title"] for field, about in _row_fields(rules).items() if "title" in about}
        if name not in data or not (columns or "title" in rules):
            continue
        if columns:
            yield _sheet(columns, data[name], data.get("indicator"))
        elif rules["type"] == "object" and "properties" in rules:
            yield _facts(rules, data[name])
        elif rules["type"] == "object":
            # ASCII only, so that nothing in it controls the terminal.
            yield json.dumps(data[name], indent=2)


def _is_single(rules: Mapping[str, Any]) -> bool:
    return rules["type"] != "object" and not _row_fields(rules)


def _row_fields(rules: Mapping[str, Any]) -> Mapping[str, Any]:
    fields: Mapping[str, Any] = rules.get("items", {}).get("properties", {})
    return fields


def _title(data: Mapping[str, Any], summary: str) -> str:
    about = f"{data['indicator']}: " if "indicator" in data else ""
    return f"{about}{summary}{' (--limit)' if data.get('more') else ''}"


def _sheet(columns: Mapping[str, str], rows: Sequence[Mapping[str, Any]], about: object = None) -> Sheet:
    """The rows of an answer about the indicator `about`."""
    if "indicator" in columns:
        rows = [{**row, "indicator": _known_by(row, about)} for row in rows]
    return Sheet(tuple(columns.values()), [tuple(_cell(name, row.get(name)) for name in columns) for row in rows])


def _known_by(row: Mapping[str, Any], about: object) -> object:
    """A row about something without a value is known by its id; a resolution by what it adds, because its id is the
    address and the host in one word.
    """
    of_resolution = (value for value in (row.get("host"), row.get("ip")) if value and value != about)
    return row.get("indicator") or next(of_resolution, None) or row.get("id")


def _cell(name: str, value: object) -> Cell:
    return cell(None if value in ([], {}) else value, VERDICT_STYLES.get(str(value), "") if name == "verdict" else "")


def _facts(rules: Mapping[str, Any], facts: Mapping[str, Any]) -> Sheet:
    """A row for each field of an object, with one value a line."""
    rows = []
    for name in rules["properties"]:
        if facts.get(name):
            values = facts[name] if isinstance(facts[name], list) else [facts[name]]
            lines = [list(value.values()) if isinstance(value, dict) else value for value in values]
            rows.append((cell(name.replace("_", " ")), lines_cell(lines)))
    return Sheet((rules["title"], "values"), rows)
