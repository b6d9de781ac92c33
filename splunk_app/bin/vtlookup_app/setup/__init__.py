"""The server's part of the setup page: shows, checks and stores settings, and tests the connection."""
