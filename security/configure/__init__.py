"""Sections of configuration files."""

from security.configure.accounts import CloudAccountSection

__all__ = ["CloudAccountSection"]
