"""`python -m vt_connectors` is `vtaction`."""

from .adapters.cli.main import main

if __name__ == "__main__":
    main()
