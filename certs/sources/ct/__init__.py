"""Logs of certificate transparency: their entries, their heads, and how they are read."""

from certs.sources.ct.entries import EntryError, LogEntry, read_leaf, read_tile
from certs.sources.ct.ours import found_in, our_domains

__all__ = ["EntryError", "LogEntry", "found_in", "our_domains", "read_leaf", "read_tile"]
