"""The actions as subcommands of `vtaction`. Their options come from their schemas."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any, Callable

from ...actions import Action
from ...config.values import seconds_of
from .output.formats import add_format

# Not an option on the command line, which names a file by its path.
_NOT_OPTIONS = frozenset(("content_base64",))
_TYPES: dict[str, Callable[[str], Any]] = {"integer": int, "number": float, "string": str}


def add_arguments(parser: argparse.ArgumentParser, action: Action) -> None:
    """Add the action's positional value, its further parameters, and the options for caching and waiting."""
    if action.value and action.several:
        parser.add_argument(
            "values", nargs="+", metavar=action.value.upper(), help="one or more, or - for stdin's lines"
        )
    elif action.value:
        parser.add_argument("values", nargs=1, metavar=action.value.upper())
    else:
        parser.set_defaults(values=[])
    for name, rules in further_params(action).items():
        _add_param(parser, name, rules, required=name in action.params_schema["required"])
    add_format(parser)
    about = "how long to wait for quota: 90, 5m (default: 20)"
    parser.add_argument("--max-wait", type=seconds, default=20, metavar="TIME", help=about)
    about = "maximum age of a cached answer: 3600, 7d (default: VT_CACHE_TTL, a day)"
    parser.add_argument("--max-age", type=seconds, metavar="TIME", help=about)
    about = (
        "refresh: ask VirusTotal again and store the answer; only: send no request; off: neither read nor write the "
        "cache (default: use a fresh cached answer)"
    )
    parser.add_argument("--cache", choices=("default", "refresh", "only", "off"), default="default", help=about)
    about = (
        "engines: each engine's result; context: further facts; raw: VirusTotal's own object, in JSON only; "
        "may be repeated"
    )
    parser.add_argument("--include", action="append", choices=("raw", "engines", "context"), default=[], help=about)
    parser.set_defaults(verdict_by=None)
    if "verdict_by" in action.result_schema["properties"]:
        parser.add_argument(
            "--verdict-by",
            choices=("engines", "gti", "worst"),
            help="what decides the verdict: the engines, Google Threat Intelligence, or the worse of both "
            "(default: VT_VERDICT_BY, engines)",
        )


def seconds(text: str) -> float:
    """`90`, `90s`, `5m`, `2h`, `7d` or `2w` in seconds."""
    found = seconds_of(text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time such as 90, 5m, 2h or 7d")
    return found


def flag_of(name: str) -> str:
    """The option for a parameter: `--max-age` for `max_age_s`, because an option may be given in other units."""
    return "--" + name.removesuffix("_s").replace("_", "-")


def further_params(action: Action) -> dict[str, Any]:
    """The schemas of the parameters that are options: all except the positional value."""
    by_value = {action.value, *action.value_params, *_NOT_OPTIONS}
    return {name: rules for name, rules in action.params_schema["properties"].items() if name not in by_value}


def given_params(action: Action, options: argparse.Namespace) -> dict[str, Any]:
    """The further parameters that the command line gives."""
    found = {name: getattr(options, f"param_{name}") for name in further_params(action)}
    return {name: value for name, value in found.items() if value is not None and value is not False}


class _Pairs(argparse.Action):
    """`NAME=VALUE`, as often as needed, becomes an object."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        name, separator, value = str(values).partition("=")
        pairs: dict[str, str] = getattr(namespace, self.dest) or {}
        if not name or not separator:
            parser.error(f"argument {option_string}: {values!r} is not NAME=VALUE")
        if name in pairs:
            parser.error(f"argument {option_string}: {name!r} is given twice")
        setattr(namespace, self.dest, {**pairs, name: value})


def _about(rules: dict[str, Any]) -> str | None:
    about, default = rules.get("description"), rules.get("default")
    return f"{about} (default: {default})" if about and default not in (None, False) else about


def _add_param(parser: argparse.ArgumentParser, name: str, rules: dict[str, Any], *, required: bool) -> None:
    flag, about, target = flag_of(name), _about(rules), f"param_{name}"
    # An option is given or omitted; a command line has no null.
    kinds = rules.get("type", [])
    kind = next((kind for kind in ([kinds] if isinstance(kinds, str) else kinds) if kind != "null"), None)
    if kind == "boolean":
        parser.add_argument(flag, dest=target, action="store_true", help=about)
    elif kind == "object":
        about = f"{about}; may be repeated"
        parser.add_argument(flag, dest=target, action=_Pairs, metavar="NAME=VALUE", required=required, help=about)
    elif kind == "array":
        of_item = rules.get("items", {})
        about = f"{about}; may be repeated" if about else "may be repeated"
        choices = of_item.get("enum")
        parser.add_argument(
            flag,
            dest=target,
            action="append",
            type=_TYPES[of_item.get("type", "string")],
            choices=choices,
            metavar=None if choices else "TEXT",
            required=required,
            help=about,
        )
    elif "enum" in rules:
        parser.add_argument(
            flag,
            dest=target,
            choices=[each for each in rules["enum"] if each is not None],
            required=required,
            help=about,
        )
    else:
        is_time = name.endswith("_s")
        metavar = "TIME" if is_time else "N" if kind == "integer" else "TEXT"
        read = seconds if is_time else _TYPES[str(kind)]
        parser.add_argument(flag, dest=target, type=read, metavar=metavar, required=required, help=about)
