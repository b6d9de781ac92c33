"""Modules of the core as one module, for platforms that cannot install it."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from pathlib import Path

SOAR = Path(__file__).resolve().parents[2] / "connectors/vt_connectors/adapters/soar"
_OURS = "vt_connectors.adapters.soar."
# In this order: each module is before those that use it.
CLIENT = ("exchange", "outcome", "serve_client")


def embedded(modules: Sequence[str], docstring: str, *programs: Path, left_out: Sequence[str] = ()) -> str:
    """The source of a module with all that the `modules` of adapters/soar/ define, and nothing to import but the
    standard library. `programs` follow them: they may import what the modules define, and what is `left_out`, which
    are modules of the platform: the imports of these are removed. If there are any, `from __future__ import
    annotations` is removed too: the platform puts its own lines before it.

    Raises `ValueError` if two of them use one name for two things, or need something else.
    """
    imports: dict[str, None] = {}
    bodies: list[str] = []
    owners: dict[str, str] = {}
    sources = [(name, (SOAR / f"{name}.py").read_text("utf-8")) for name in modules]
    for name, source in [*sources, *((path.stem, path.read_text("utf-8")) for path in programs)]:
        imported, body = _parts(source, modules, left_out)
        imports.update(dict.fromkeys(imported))
        for defined in _defined(source):
            if owners.setdefault(defined, name) != name:
                raise ValueError(f"{owners[defined]} and {name} both define {defined}")
        bodies.append(body)
    future = [] if left_out else ["from __future__ import annotations", ""]
    head = [f'"""{docstring}"""', "", *future, *sorted(imports, key=_order)]
    return "\n".join(head) + "\n\n" + "\n\n".join(body.strip("\n") + "\n" for body in bodies)


def _parts(source: str, modules: Sequence[str], platform: Sequence[str]) -> tuple[list[str], str]:
    """The statements that import, and the rest without its docstring."""
    lines = source.splitlines()
    imported: list[str] = []
    left_out: set[int] = set()
    for number, node in enumerate(ast.parse(source).body):
        is_docstring = number == 0 and isinstance(node, ast.Expr)
        if not (is_docstring or isinstance(node, (ast.Import, ast.ImportFrom))):
            continue
        left_out.update(range(node.lineno - 1, node.end_lineno or node.lineno))
        if isinstance(node, (ast.Import, ast.ImportFrom)) and not _is_there(node, modules, platform):
            imported += _single(node)
    return imported, "\n".join(line for number, line in enumerate(lines) if number not in left_out)


def _single(node: ast.Import | ast.ImportFrom) -> list[str]:
    """The statement as several, each with one name, so that equal ones of several modules are one."""
    if isinstance(node, ast.Import):
        return [ast.unparse(ast.Import([alias])) for alias in node.names]
    return [ast.unparse(ast.ImportFrom(node.module, [alias], node.level)) for alias in node.names]


def _is_there(node: ast.Import | ast.ImportFrom, modules: Sequence[str], platform: Sequence[str]) -> bool:
    """Whether its names are defined in the module that is made, or by the platform."""
    if isinstance(node, ast.Import):
        return node.names[0].name in platform
    name = str(node.module)
    is_ours = node.level > 0 or name.startswith(_OURS)
    own = name[len(_OURS) :] if name.startswith(_OURS) else name
    if is_ours and (node.level > 1 or own not in modules or any(alias.asname for alias in node.names)):
        raise ValueError(f"it imports {node.module}, which would not be there")
    return is_ours or name in (*platform, "__future__")


def _defined(source: str) -> list[str]:
    found: list[str] = []
    for node in ast.parse(source).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found.append(node.name)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found += [target.id for target in targets if isinstance(target, ast.Name)]
    return found


def _order(statement: str) -> tuple[bool, str]:
    return statement.startswith("from "), statement
