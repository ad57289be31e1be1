"""Servers in every state, read and judged."""
