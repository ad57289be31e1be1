"""Backends."""

from django.contrib.auth.backends import ModelBackend


class RoleBackend(ModelBackend):
    """Stands until written."""
