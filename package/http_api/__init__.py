"""The description of `vtaction serve` for other tools, and a test of the server against it."""
