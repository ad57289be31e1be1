"""Ask, compare with what is known, store what changed; and never take an error for gone."""

from security.collect.confirm import confirm_deleted
from security.collect.plan import ask_about, ask_for, ensure_scopes, plan_collections
from security.collect.run import run_collection

__all__ = [
    "ask_about",
    "ask_for",
    "confirm_deleted",
    "ensure_scopes",
    "plan_collections",
    "run_collection",
]
