"""Admin pages of the cloud's configuration."""

from security.account_admin import CloudAccountAdmin
from security.activity_admin import ApiActivityAdmin, TrailErrorAdmin
from security.collect_admin import CollectionAdmin, CollectorErrorAdmin, ScopeAdmin

__all__ = [
    "ApiActivityAdmin",
    "CloudAccountAdmin",
    "CollectionAdmin",
    "CollectorErrorAdmin",
    "ScopeAdmin",
    "TrailErrorAdmin",
]
