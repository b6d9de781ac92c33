"""`python -m connectors` is `vtaction`."""

from .adapters.terminal import main

if __name__ == "__main__":
    main()
