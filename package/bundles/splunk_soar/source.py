"""Python source of the app's actions: a class of parameters, a class of output and a function for each."""

from __future__ import annotations

import json
import keyword
from collections.abc import Mapping
from typing import Any, NamedTuple

from ..manifest import Action, Manifest, Param
from .app_params import app_params, primary
from .vocabulary import COLUMNS, CONTAINS, OWN, name_of, type_of

_TYPES = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}
# They are there only if a request asks for them, which no action of the app does.
_NOT_ASKED_FOR = frozenset(("raw", "engines"))
_LONGEST_CALL = 80
_HEAD = '"""Generated from the registry of actions. Change that, not this."""\n\n'
_PARAMS = "from soar_sdk.params import Param, Params\n"
_OUTPUTS = "from soar_sdk.action_results import ActionOutput, OutputField, PermissiveActionOutput\n"


def parameters_source(manifest: Manifest) -> str:
    """The module `parameters`."""
    return _HEAD + _PARAMS + "".join(f"\n\n{_params_class(action)}" for action in manifest.actions)


def outputs_source(manifest: Manifest) -> str:
    """The module `outputs`."""
    written: dict[str, str] = {}
    for action in manifest.actions:
        _output_class(_class_name(action, "Output"), action.document["result"], action, "", written)
    return _HEAD + _OUTPUTS + "".join(f"\n\nclass {name}(ActionOutput):\n{body}" for body, name in written.items())


def actions_source(manifest: Manifest) -> str:
    """The module `actions`."""
    head = (
        "from soar_sdk.abstract import SOARClient\n\n"
        "from . import outputs, parameters\n"
        "from .asset import Asset\n"
        "from .main import app\n"
        "from .running import Summary, run\n"
    )
    return _HEAD + head + "".join(f"\n\n{_function(action)}" for action in manifest.actions)


def _class_name(action: Action, suffix: str) -> str:
    return "".join(word.capitalize() for word in action.name.split("_")) + suffix


def _params_class(action: Action) -> str:
    params = list(app_params(action))
    first = primary(params)
    lines = [f"class {_class_name(action, 'Params')}(Params):"]
    lines += [f"    {param.name}: {_param_type(param)} = {_param_call(param, first)}" for param in params]
    return "\n".join(lines if params else [*lines, "    pass"]) + "\n"


def _param_type(param: Param) -> str:
    kind = "str" if param.is_list else _TYPES.get(param.type, "str")
    # The SDK sets optional parameters to None, whatever their default is.
    return kind if param.required or param.default is not None else f"{kind} | None"


def _param_call(param: Param, first: str | None) -> str:
    description = f"{param.description} (separated by commas)" if param.is_list else param.description
    given: dict[str, Any] = {"description": description}
    if not param.required:
        given["required"] = False
    if param.default is not None:
        given["default"] = param.default
    if param.choices and not param.is_list:
        given["value_list"] = list(param.choices)
    if param.name in CONTAINS:
        given["cef_types"] = list(CONTAINS[param.name])
    if param.name == first:
        given["primary"] = True
    if param.is_list:
        given["allow_list"] = True
    if param.name == "password":
        given["sensitive"] = True
    return _call("Param", given, "    ")


def _output_class(name: str, schema: Mapping[str, Any], action: Action, above: str, written: dict[str, str]) -> str:
    """The name of the class for an object. `written`: classes by their body; equal objects of actions share one."""
    # Actions with equal output still have a class each.
    lines = [] if above else [f'    """Output of {name_of(action.name)}."""\n']
    for field, rules in sorted(schema["properties"].items(), key=lambda entry: _place(above + entry[0])):
        if field in _NOT_ASKED_FOR:
            continue
        is_list = "array" in _kinds(rules)
        inner = rules.get("items", {}) if is_list else rules
        kind = _TYPES.get(_kinds(inner)[0], "PermissiveActionOutput")
        if inner.get("properties"):
            below = name + "".join(word.capitalize() for word in field.split("_"))
            kind = _output_class(below, inner, action, f"{above}{field}.", written)
        attribute, given = _named(field), _described(field, rules, action, above)
        if attribute != field:
            given["alias"] = field
        kind = f"list[{kind}]" if is_list else kind
        lines.append(f"    {attribute}: {kind} | None = {_call('OutputField', given, '    ')}")
    if not above:
        lines += _further_fields(action)
    return written.setdefault("\n".join(lines) + "\n", name)


def _place(path: str) -> int:
    """Columns are in the order of the fields, so those of the table come first."""
    columns = [place for place, column in enumerate(COLUMNS) if f"{column}.".startswith(f"{path}.")]
    return min(columns, default=len(COLUMNS))


def _further_fields(action: Action) -> list[str]:
    lines = ['    status: str = OutputField(example_values=["ok", "not_found", "pending", "skipped"])']
    if action.name == "download_file":
        lines.append('    vault_id: str | None = OutputField(cef_types=["vault id"], column_name="Vault id")')
    return lines


def _described(field: str, rules: Mapping[str, Any], action: Action, above: str) -> dict[str, Any]:
    given: dict[str, Any] = {}
    contains = OWN.get(action.name) if field == "indicator" and not above else None
    contains = contains or CONTAINS.get(field)
    if contains:
        given["cef_types"] = list(contains)
    examples = [part for value in rules.get("examples", ()) for part in (value if isinstance(value, list) else [value])]
    examples = [value for value in examples if isinstance(value, (str, int, float))]
    if examples:
        given["example_values"] = examples
    if above + field in COLUMNS:
        given["column_name"] = COLUMNS[above + field]
    return given


def _kinds(rules: Mapping[str, Any]) -> list[str]:
    given = rules.get("type", "object" if "properties" in rules else "string")
    return [given] if isinstance(given, str) else [kind for kind in given if kind != "null"]


def _named(field: str) -> str:
    """A name that a class may use."""
    return field if field.isidentifier() and not keyword.iskeyword(field) else f"field_{field}"


def _function(action: Action) -> str:
    columns = any(field.path in COLUMNS for field in action.fields)
    given: dict[str, Any] = {
        "name": name_of(action.name),
        "identifier": action.name,
        "description": action.title,
        "verbose": action.description,
        "action_type": type_of(action.name, writes=action.writes),
        "read_only": not action.writes,
        "render_as": "table" if columns else "json",
    }
    decorator = _call("@app.action", {**given, "summary_type": _Name("Summary")})
    output = f"outputs.{_class_name(action, 'Output')}"
    return (
        f"{decorator}\n"
        f"def {action.name}(\n"
        f"    params: parameters.{_class_name(action, 'Params')}, soar: SOARClient, asset: Asset\n"
        f") -> {output}:\n"
        f'    return run("{action.name}", params, soar, asset, {output})\n'
    )


class _Name(NamedTuple):
    """A name in the source, not a text."""

    name: str


def _call(function: str, given: Mapping[str, Any], indented: str = "") -> str:
    arguments = [f"{name}={_literal(value)}" for name, value in given.items()]
    short = f"{function}({', '.join(arguments)})"
    if len(short) <= _LONGEST_CALL:
        return short
    lines = "".join(f"{indented}    {argument},\n" for argument in arguments)
    return f"{function}(\n{lines}{indented})"


def _literal(value: Any) -> str:
    if isinstance(value, _Name):
        return value.name
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
