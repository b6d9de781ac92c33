"""Code of an administrator, which XSOAR adds to every integration: nothing here."""
# ruff: noqa: N999
