"""What the demo's servers serve, and what is wrong with it."""

from certs.models import Endpoint, Finding

# What is served, by service: the result, and what is wrong.
STATES: dict[str, tuple[str, set[str]]] = {
    "www": ("ok", set()),
    "api": ("ok", set()),
    "shop": ("ok", {"expiring"}),
    "billing": ("ok", {"expiring"}),
    "status": ("ok", {"expiring"}),
    "wiki": ("ok", {"expired"}),
    "next": ("ok", {"not_yet_valid"}),
    "blog": ("ok", {"name_mismatch"}),
    "printer": ("ok", {"self_signed"}),
    "partner": ("ok", {"untrusted", "wrong_order"}),
    "half": ("ok", {"incomplete_chain"}),
    "crossed": ("ok", {"expired_intermediate"}),
    "vault": ("ok", {"weak_key"}),
    "till": ("ok", {"legacy_protocol"}),
    "ledger": ("ok", set()),
    "mx": ("ok", set()),
    "deaf": ("timeout_handshake", set()),
    "plain": ("not_tls", set()),
    "gone": ("refused", set()),
}


def found(service: str) -> set[str]:
    """Kinds of what is open about an endpoint and what it serves; whose severity is none apart."""
    endpoint = Endpoint.objects.get(service=service)
    rows = Finding.objects.filter(closed_at=None)
    leaves = endpoint.observations.filter(serving=True).values("certificate")
    return {
        row.kind
        for row in [*rows.filter(endpoint=endpoint), *rows.filter(certificate__in=leaves)]
        if row.kind != "unowned"
    }
