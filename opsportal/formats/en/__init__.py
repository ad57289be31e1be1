"""For the one language of the portal."""
