"""Adapters: each turns what its side speaks into contract requests and back, and does nothing else."""
