"""The connector for OpenCTI."""
