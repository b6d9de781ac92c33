"""Pictures of the product for the documentation, made from the real thing."""
