"""Names that turn up below domains of ours become endpoints, at once or by somebody's word."""

from certs.propose.decide import accept_proposals, refuse_proposals
from certs.propose.domains import delete_domain, save_domain
from certs.propose.names import Turned, propose_names

__all__ = [
    "Turned",
    "accept_proposals",
    "delete_domain",
    "propose_names",
    "refuse_proposals",
    "save_domain",
]
