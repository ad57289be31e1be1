"""How long pages of 100,000 certificates take."""
