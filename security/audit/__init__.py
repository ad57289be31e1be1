"""Audit: ask the checks, keep what they find, and tell the gateway."""

from security.audit.run import audit_due, audit_resources

__all__ = ["audit_due", "audit_resources"]
