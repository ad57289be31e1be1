"""Audit: ask the checks, keep what they find, and tell the gateway."""

from security.audit.again import tell_again
from security.audit.dependents import mark_dependents, set_due
from security.audit.run import audit_due, audit_resources
from security.audit.tell import tell_findings

__all__ = [
    "audit_due",
    "audit_resources",
    "mark_dependents",
    "set_due",
    "tell_again",
    "tell_findings",
]
