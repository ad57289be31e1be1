"""Networks that are known: checked, and on the timeline.

The next sweep has audited what has addresses within them (`security/audit/basis.py`), and does so
again when one's time is over.
"""

import ipaddress
from datetime import datetime
from typing import Any

from django.db import transaction

from chronos.trail import check_columns, record_deleted, record_saved, save_row
from opsportal.accounts.actors import Actor
from opsportal.lib.errors import FieldError, PayloadError
from security.models import NetworkAllowlist

# Wider ones would hide what is open to the world.
WIDEST = {4: 8, 6: 16}


def save_network(row: NetworkAllowlist, *, actor: Actor, now: datetime) -> None:
    """Store a new or changed one, in network form. Raises PayloadError."""
    check_network(row)
    with transaction.atomic():
        known = NetworkAllowlist.objects.filter(pk=row.pk).first()
        save_row(row)
        record_saved(row, _state(known) if known else None, _state(row), actor=actor, now=now)


def check_network(row: NetworkAllowlist) -> None:
    """What saving it would refuse; in network form then. Raises PayloadError."""
    try:
        network = ipaddress.ip_network(row.cidr.strip(), strict=False)
    except ValueError as error:
        raise _wrong(f"not a network: {row.cidr[:60]!r}") from error
    if network.prefixlen < WIDEST[network.version]:
        raise _wrong(f"wider than /{WIDEST[network.version]}")
    row.cidr, row.note = str(network), row.note.strip()
    check_columns(row)


def delete_network(row: NetworkAllowlist, *, actor: Actor, now: datetime) -> None:
    """It is not known any more."""
    with transaction.atomic():
        record_deleted(row, _state(row), actor=actor, now=now)
        row.delete()


def _wrong(message: str) -> PayloadError:
    return PayloadError(f"cidr: {message}", [FieldError("cidr", message)])


def _state(row: NetworkAllowlist) -> dict[str, Any]:
    return {
        "cidr": row.cidr,
        "note": row.note,
        "expires_at": row.expires_at.isoformat() if row.expires_at else None,
    }
