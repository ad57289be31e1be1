"""The alerts app of the portal."""
