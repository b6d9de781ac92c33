"""A module for misp-modules."""
