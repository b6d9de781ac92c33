"""The app's REST endpoint for lookups with the key that the server stores."""
