"""`python -m vt_connectors` is `vtaction`."""

from .adapters.cli import start

if __name__ == "__main__":
    start()
