"""The server's side of the setup page: settings shown and stored, and what is looked at when it is asked."""
