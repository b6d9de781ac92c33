"""The one place that names the product's version."""

__version__ = "1.0.0"
