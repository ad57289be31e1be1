"""The security app of the portal."""
