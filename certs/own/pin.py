"""A person says whose a certificate is, and outdoes every rule."""

from datetime import datetime

from django.db import transaction

from certs.judge.mark import mark_certificates
from certs.models import Certificate
from chronos.trail import check_columns, team_name
from opsportal.accounts.actors import Actor
from opsportal.accounts.audit import record_audit
from opsportal.accounts.models import Team
from opsportal.lib.errors import FieldError, PayloadError

_OWNER = ("team", "environment", "service", "owned_by", "owner_pinned")


@transaction.atomic
def set_owner(
    certificate_id: int,
    team: Team,
    *,
    actor: Actor,
    now: datetime,
    environment: str = "",
    service: str = "",
) -> Certificate:
    """From now on it is theirs. Raises PayloadError, Certificate.DoesNotExist."""
    row = _locked(certificate_id)
    before = _state(row)
    row.team, row.environment, row.service = team, environment.strip(), service.strip()
    row.owned_by, row.owner_pinned = actor.name[:300], True
    for name in ("environment", "service"):
        if "\0" in getattr(row, name):
            message = "may not contain NUL"
            raise PayloadError(f"{name}: {message}", [FieldError(name, message)])
    check_columns(row, exclude=[f.name for f in row._meta.fields if f.name not in _OWNER])
    row.save(update_fields=list(_OWNER))
    record_audit(actor, "set_owner", row, before=before, after=_state(row), now=now)
    mark_certificates([row.pk], now=now)
    return row


@transaction.atomic
def free_owner(certificate_id: int, *, actor: Actor, now: datetime) -> Certificate:
    """Rules say whose it is again, from the next sweep on."""
    row = _locked(certificate_id)
    if row.owner_pinned:
        before = _state(row)
        row.owner_pinned = False
        row.save(update_fields=["owner_pinned"])
        record_audit(actor, "free_owner", row, before=before, after=_state(row), now=now)
        mark_certificates([row.pk], now=now)
    return row


def _locked(pk: int) -> Certificate:
    rows = Certificate.objects.select_for_update(of=("self",)).select_related("team").defer("der")
    return rows.get(pk=pk)


def _state(row: Certificate) -> dict[str, object]:
    return {
        "certificate": row.title, "team": team_name(row.team), "environment": row.environment,
        "service": row.service, "pinned": row.owner_pinned,
    }  # fmt: skip
