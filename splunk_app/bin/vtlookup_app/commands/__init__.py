"""Commands that begin a search: rows out, no events in."""
