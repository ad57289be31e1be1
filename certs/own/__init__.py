"""Whose certificates are."""

from certs.own.pin import free_owner, set_owner
from certs.own.rules import Owner, Rule, load_rules, owner_of

__all__ = ["Owner", "Rule", "free_owner", "load_rules", "owner_of", "set_owner"]
