"""Finds files that must not be in the app: compiled code, caches, dotfiles, tests and a site's own settings."""

from __future__ import annotations

from pathlib import Path, PurePath

from package.spl.build_error import BuildError

UNWANTED_FOLDERS = frozenset({"__pycache__", "local", "tests", "test"})
UNWANTED_FILES = frozenset({"local.meta"})
COMPILED_SUFFIXES = frozenset(
    {".a", ".dll", ".dylib", ".exe", ".la", ".lib", ".o", ".obj", ".pyc", ".pyd", ".pyo", ".so"}
)
# ELF, Windows, Mach-O (32 and 64 bit, universal), WebAssembly: compiled files with another suffix.
COMPILED_STARTS = (b"\x7fELF", b"MZ", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"\0asm")


def is_unwanted(inner: PurePath) -> bool:
    """Whether a path, relative to the top of its tree, must not be in the app."""
    hidden = any(part.startswith(".") for part in inner.parts)
    in_unwanted_folder = not UNWANTED_FOLDERS.isdisjoint(inner.parts)
    return hidden or in_unwanted_folder or inner.name in UNWANTED_FILES or _is_compiled_name(inner)


def _is_compiled_name(inner: PurePath) -> bool:
    # "x.so.1" and "x.cpython-39-x86_64-linux-gnu.so" are compiled too.
    return not COMPILED_SUFFIXES.isdisjoint(suffix.lower() for suffix in inner.suffixes)


def find_impure(tree: Path) -> list[str]:
    """The forbidden files in `tree`, one line each; empty if there are none."""
    paths = sorted(tree.rglob("*"))
    return [f"{path.relative_to(tree)}" for path in paths if _is_impure(path, tree)]


def _is_impure(path: Path, tree: Path) -> bool:
    if path.is_symlink() or is_unwanted(path.relative_to(tree)):
        return True
    return path.is_file() and _starts_compiled(path)


def _starts_compiled(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4).startswith(COMPILED_STARTS)


def refuse_impure(tree: Path) -> None:
    """Raise BuildError with a list of the forbidden files in `tree`, if there are any."""
    impure = find_impure(tree)
    if impure:
        raise BuildError("these must not be in the app:\n  " + "\n  ".join(impure))
