"""Findings follow from what is known: judges say what is wrong, and it is stored."""

from certs.judge.mark import mark_all, mark_certificates, mark_endpoints
from certs.judge.settle import settle_findings
from certs.judge.verdict import Crossed, Subject, Verdict

__all__ = [
    "Crossed",
    "Subject",
    "Verdict",
    "mark_all",
    "mark_certificates",
    "mark_endpoints",
    "settle_findings",
]
