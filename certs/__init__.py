"""Certificates: which there are, where they are stored and served, and when they expire."""
