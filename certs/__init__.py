"""The certs app of the portal."""
