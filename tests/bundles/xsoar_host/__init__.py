"""A stand-in for Cortex XSOAR: the names that the pack uses, and a program that runs its commands."""
