"""Sections of configuration files."""
