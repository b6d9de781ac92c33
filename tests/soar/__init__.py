"""Tests of the SOAR adapters: one contract for all codecs, and the ways in."""
