"""The C module behind the library `sqlite3`, as far as this backend uses it.

A module of its own, because `quick_imports` is also imported by processes without SQLite. The rest of the library
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
