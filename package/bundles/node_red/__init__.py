"""A Node-RED flow that looks up indicators through `vtaction serve`, and a headless Node-RED to test it."""
