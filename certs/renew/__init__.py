"""Which certificates replace each other."""

from certs.renew.lineage import assign_lineages, family_of, lineage_key
from certs.renew.pin import free_replacement, pin_replacement
from certs.renew.propose import Proposed, propose_replacements
from certs.renew.replace import Mates, load_mates

__all__ = [
    "Mates",
    "Proposed",
    "assign_lineages",
    "family_of",
    "free_replacement",
    "lineage_key",
    "load_mates",
    "pin_replacement",
    "propose_replacements",
]
