"""Analyzers and a responder for TheHive Cortex, and TheHive's templates."""
