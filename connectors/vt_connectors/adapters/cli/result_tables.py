"""What an action's result schema says about its tables on a terminal.

A title in the schema makes something visible: of a row's field, it is a column; of a field with one value, it is a
column of a table with one row; of an object with known fields, these are rows of a table; another object is printed as
JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Union

from rich.table import Table
from rich.text import Text

from ...actions import Action
from ...errors import printable

Part = Union[Table, Text]


def parts_of(action: Action, data: Mapping[str, Any], summary: str) -> list[Part]:
    """The tables and texts for one answer's `data`; empty if the schema has none for it."""
    schema = action.result_schema["properties"]
    single = {name: rules["title"] for name, rules in schema.items() if "title" in rules and _is_single(rules)}
    if any(name in data for name in single):
        return [_table(single, [data])]
    found = list(_parts(schema, data))
    # The line about rows is not the table's own title, because a table may be narrower.
    return [Text(printable(_title(data, summary))), *found] if found else []


def _parts(schema: Mapping[str, Any], data: Mapping[str, Any]) -> Iterator[Part]:
    for name, rules in schema.items():
        columns = {field: about["title"] for field, about in _row_fields(rules).items() if "title" in about}
        if name not in data or not (columns or "title" in rules):
            continue
        if columns:
            yield _table(columns, data[name])
        elif rules["type"] == "object" and "properties" in rules:
            yield _facts(rules, data[name])
        elif rules["type"] == "object":
            # ASCII only, so that nothing in it controls the terminal.
            yield Text(json.dumps(data[name], indent=2))


def _is_single(rules: Mapping[str, Any]) -> bool:
    return rules["type"] != "object" and not _row_fields(rules)


def _row_fields(rules: Mapping[str, Any]) -> Mapping[str, Any]:
    fields: Mapping[str, Any] = rules.get("items", {}).get("properties", {})
    return fields


def _title(data: Mapping[str, Any], summary: str) -> str:
    about = f"{data['indicator']}: " if "indicator" in data else ""
    return f"{about}{summary}{' (--limit)' if data.get('more') else ''}"


def _table(columns: Mapping[str, str], rows: list[Mapping[str, Any]]) -> Table:
    """Columns without any value are left out. A row about something without a value is known by its id."""
    if "indicator" in columns:
        rows = [{**row, "indicator": row.get("indicator") or row.get("id")} for row in rows]
    shown = {name: title for name, title in columns.items() if any(row.get(name) not in (None, [], {}) for row in rows)}
    table = Table()
    for title in (shown or columns).values():
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(row.get(name))) for name in (shown or columns)))
    return table


def _facts(rules: Mapping[str, Any], facts: Mapping[str, Any]) -> Table:
    """A row for each field of an object, with one value a line."""
    table = Table(show_lines=True)
    for title in (rules["title"], "values"):
        table.add_column(title, overflow="fold")
    for name in rules["properties"]:
        if name in facts:
            values = facts[name] if isinstance(facts[name], list) else [facts[name]]
            lines = "\n".join(_cell(list(value.values()) if isinstance(value, dict) else value) for value in values)
            table.add_row(Text(name.replace("_", " ")), Text(lines))
    return table


def _cell(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(_cell, value))
    if isinstance(value, dict):
        return "; ".join(f"{printable(str(name))}: {_cell(inner)}" for name, inner in value.items())
    return "" if value is None else printable(str(value))
