"""The n8n community node, generated from the registry, and an example workflow."""
