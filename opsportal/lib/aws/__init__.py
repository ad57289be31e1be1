"""Conversations with AWS: as whom, how often, and what an error means. Reads only."""

from opsportal.lib.aws.access import Access, CloudRole, open_access
from opsportal.lib.aws.accounts import configured_accounts
from opsportal.lib.aws.errors import Gone, Outcome, Trouble, Unknown, trouble_of
from opsportal.lib.aws.facets import facet, unless_gone
from opsportal.lib.aws.meter import metered, side_by_side

__all__ = [
    "Access",
    "CloudRole",
    "Gone",
    "Outcome",
    "Trouble",
    "Unknown",
    "configured_accounts",
    "facet",
    "metered",
    "open_access",
    "side_by_side",
    "trouble_of",
    "unless_gone",
]
