"""Ask, compare with what is known, store what changed; and never take an error for gone."""

from security.collect.plan import plan_collections
from security.collect.run import run_collection

__all__ = ["plan_collections", "run_collection"]
