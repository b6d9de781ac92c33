"""The documentation as a site: `make docs`, or `python -m package.docs_site`."""
