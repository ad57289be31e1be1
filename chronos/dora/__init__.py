"""DORA's figures of what was deployed: how often, how soon, how often in vain, how soon mended.

After DORA's "five metrics" (dora.dev/guides/dora-metrics-four-keys): what cannot be known from the
changes that were reported is said to be unknown, never taken for zero.
"""

from chronos.dora.figures import REASONS, Figures
from chronos.dora.measure import DoraReport, measure_dora
from chronos.dora.query import GROUPS, DoraQuery, read_dora_query

__all__ = [
    "GROUPS",
    "REASONS",
    "DoraQuery",
    "DoraReport",
    "Figures",
    "measure_dora",
    "read_dora_query",
]
