"""The libraries of the core, for referees that run it in their process."""

from __future__ import annotations

from importlib.metadata import requires


def libraries_of_the_core() -> tuple[str, ...]:
    """Its requirements without extras, as pip takes them. The core itself comes from the checkout (PYTHONPATH)."""
    return tuple(one for one in requires("vt-connectors") or () if "extra ==" not in one)
