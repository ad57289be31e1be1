"""Ask issuers what they have taken back: by their lists (CRL), or by asking (OCSP)."""

from certs.validate.revocation.check import check_revocations
from certs.validate.revocation.plan import plan_revocations, prune_lists

__all__ = ["check_revocations", "plan_revocations", "prune_lists"]
