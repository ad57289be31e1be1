"""Of pages of certificates."""
