"""A stand-in for OpenCTI: its GraphQL API, and a program that hands messages to the connector."""
