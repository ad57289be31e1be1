"""Conversations with AWS: as whom, how often, and what an error means. Reads only."""

from security.cloud.access import Access, open_access
from security.cloud.errors import Gone, Trouble, trouble_of
from security.cloud.facets import facet, unless_gone
from security.cloud.meter import metered, side_by_side

__all__ = [
    "Access",
    "Gone",
    "Trouble",
    "facet",
    "metered",
    "open_access",
    "side_by_side",
    "trouble_of",
    "unless_gone",
]
