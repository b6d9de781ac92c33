"""Commands that begin a search: they produce rows and take no events."""
