"""What a service depends on is changed here."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from chronos.models import Dependency
from chronos.trail import check_columns
from opsportal.accounts.actors import Actor
from opsportal.accounts.audit import record_audit


@transaction.atomic
def save_dependencies(service: str, needed: Iterable[str], *, actor: Actor, now: datetime) -> bool:
    """The service depends on these and nothing else; whether anything was different.

    Raises PayloadError.
    """
    known = {row.depends_on: row for row in Dependency.objects.filter(service=service)}
    wanted = set(needed)
    for name in sorted(wanted - known.keys()):
        row = Dependency(service=service, depends_on=name)
        check_columns(row)
        row.save()
        record_audit(actor, "create", row, after=_state(row), now=now)
    for name in sorted(known.keys() - wanted):
        record_audit(actor, "delete", known[name], before=_state(known[name]), now=now)
        known[name].delete()
    return known.keys() != wanted


def _state(row: Dependency) -> dict[str, str]:
    return {"service": row.service, "depends_on": row.depends_on}
