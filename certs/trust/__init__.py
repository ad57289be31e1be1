"""Whom to trust: trust stores, paths to their roots, and what issuers have taken back.

No models and no network: chains, lists and answers in DER, and the time, are given.
"""

from certs.trust.anchors import (
    Anchors,
    make_anchors,
    mozilla_anchors,
    private_anchors,
    read_roots,
    system_anchors,
)
from certs.trust.order import Link, disorder_of
from certs.trust.paths import (
    EXPIRED,
    NO_ISSUER,
    NOT_YET_VALID,
    SELF_SIGNED_LEAF,
    Judged,
    judge_chain,
)

__all__ = [
    "EXPIRED",
    "NOT_YET_VALID",
    "NO_ISSUER",
    "SELF_SIGNED_LEAF",
    "Anchors",
    "Judged",
    "Link",
    "disorder_of",
    "judge_chain",
    "make_anchors",
    "mozilla_anchors",
    "private_anchors",
    "read_roots",
    "system_anchors",
]
