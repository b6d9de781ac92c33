"""An analyzer for Security Onion."""
