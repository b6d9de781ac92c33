"""Things broken on purpose, counted. The quick part runs with the tests, the long one is `make soak`."""
