"""The chronos app of the portal."""
