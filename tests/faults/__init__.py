"""The drills of `bench.soak` in brief."""
