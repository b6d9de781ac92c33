"""Answers, leases, ledgers and pending lookups in a file that all processes of a machine share.

`sqlite3` here is the C module behind the library, as far as this backend uses it: the rest of the library
imports `datetime` for adapters that are not used here, which takes a twelfth of the time of a process that answers one
lookup from the cache.
"""

from __future__ import annotations

from ...light_typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
else:
    try:
        import _sqlite3 as sqlite3
    except ImportError:  # another Python may have another module behind its library
        import sqlite3

__all__ = ["sqlite3"]
