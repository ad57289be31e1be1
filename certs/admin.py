"""Admin pages of certificates."""
