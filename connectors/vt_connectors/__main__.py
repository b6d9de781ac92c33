"""`python -m vt_connectors` is `vtaction`."""

from .adapters.cli.start import start

if __name__ == "__main__":
    start()
