"""The description of the server for machines: OpenAPI 3.1, and a copy in OpenAPI 2.0 for low-code platforms."""
