"""Modules of the core as one module, for platforms that cannot install it."""

from __future__ import annotations

import ast
from collections.abc import Container, Sequence
from pathlib import Path

SOAR = Path(__file__).resolve().parents[2] / "connectors/vt_connectors/adapters/soar"
_PACKAGE = "vt_connectors.adapters.soar."
# In this order: each module is before those that use it.
CLIENT = ("exchange", "outcome", "server_address", "serve_client")


def embedded(
    modules: Sequence[str], docstring: str, program: Path | None = None, *, inlined: Sequence[str] = ()
) -> str:
    """The source of a module with all that the `modules` of adapters/soar/ define, and nothing to import but the
    standard library. `program`: a module that is appended, and what it imports from those modules is then there; it
    may import what the platform has. `inlined`: modules that the platform puts before the result, in the same
    namespace: imports of them are removed, and so is `from __future__ import annotations`, which must be first.

    Raises `ValueError` if two of them use one name for two things, or need something else.
    """
    imports: dict[str, None] = {}
    bodies: list[str] = []
    owners: dict[str, str] = {}
    for name, path in [(name, SOAR / f"{name}.py") for name in modules] + [
        (str(one), one) for one in (program,) if one
    ]:
        source = path.read_text("utf-8")
        imported, body = _parts(source, modules, inlined)
        imports.update(dict.fromkeys(imported))
        for defined in _defined(source):
            if owners.setdefault(defined, name) != name:
                raise ValueError(f"{owners[defined]} and {name} both define {defined}")
        bodies.append(body)
    future = [] if inlined else ["from __future__ import annotations", ""]
    head = [f'"""{docstring}"""', "", *future, *sorted(imports, key=_order)]
    return "\n".join(head) + "\n\n" + "\n\n".join(body.strip("\n") + "\n" for body in bodies)


def _parts(source: str, modules: Sequence[str], inlined: Sequence[str]) -> tuple[list[str], str]:
    """The statements that import, and the rest without its docstring."""
    lines = source.splitlines()
    imported: list[str] = []
    left_out: set[int] = set()
    for number, node in enumerate(ast.parse(source).body):
        is_docstring = number == 0 and isinstance(node, ast.Expr)
        if not (is_docstring or isinstance(node, (ast.Import, ast.ImportFrom))):
            continue
        left_out.update(range(node.lineno - 1, node.end_lineno or node.lineno))
        if isinstance(node, ast.ImportFrom) and _is_ours(node):
            if _name(node) not in modules or any(alias.asname for alias in node.names):
                raise ValueError(f"it imports {node.module}, which would not be there")
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            imported += _single(node, {"__future__", *inlined})
    return imported, "\n".join(line for number, line in enumerate(lines) if number not in left_out)


def _single(node: ast.Import | ast.ImportFrom, left_out: Container[str]) -> list[str]:
    """The statement as several, each with one name, so that equal ones of several modules are one."""
    if isinstance(node, ast.Import):
        return [ast.unparse(ast.Import([alias])) for alias in node.names if alias.name not in left_out]
    if node.module in left_out:
        return []
    return [ast.unparse(ast.ImportFrom(node.module, [alias], 0)) for alias in node.names]


def _is_ours(node: ast.ImportFrom) -> bool:
    return node.level > 0 or (node.module or "").startswith("vt_connectors")


def _name(node: ast.ImportFrom) -> str | None:
    """Which module of adapters/soar/ it imports from, if it is one of those."""
    module = node.module or ""
    if node.level == 1:
        return module
    return module[len(_PACKAGE) :] if node.level == 0 and module.startswith(_PACKAGE) else None


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
