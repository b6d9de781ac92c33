"""Tests of the bundles, under the platforms' own SDKs where those are installed (`make referees`)."""
