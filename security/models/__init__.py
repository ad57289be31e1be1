"""The nouns of the cloud's configuration. Deeds are in modules of their own."""

from opsportal.lib.aws.errors import Outcome
from security.models.account import CloudAccount, NetworkAllowlist
from security.models.activity import ActivityTarget, ApiActivity, RevisionCause, TrailError
from security.models.finding import AuditBasis, CheckOverride, Finding, RiskAcceptance
from security.models.resource import AddressUse, CloudResource, ConfigRevision, Relation
from security.models.review import Comment, Review
from security.models.scope import Collection, CollectorError, Scope

__all__ = [
    "ActivityTarget",
    "AddressUse",
    "ApiActivity",
    "AuditBasis",
    "CheckOverride",
    "CloudAccount",
    "CloudResource",
    "Collection",
    "CollectorError",
    "Comment",
    "ConfigRevision",
    "Finding",
    "NetworkAllowlist",
    "Outcome",
    "Relation",
    "Review",
    "RevisionCause",
    "RiskAcceptance",
    "Scope",
    "TrailError",
]
