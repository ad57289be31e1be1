"""Ownership rules: checked, with a trail; whose everything is is asked anew."""

from datetime import datetime
from typing import Any

from django.db import transaction

from certs.change.checks import check_texts
from certs.models import Certificate, OwnershipRule
from chronos.trail import check_columns, record_deleted, record_saved, save_row, team_name
from opsportal.accounts.actors import Actor


@transaction.atomic
def save_owner_rule(row: OwnershipRule, *, actor: Actor, now: datetime) -> bool:
    """Store a new or changed one; whether anything is different. Raises PayloadError."""
    check_owner_rule(row)
    rules = OwnershipRule.objects.select_for_update(of=("self",)).select_related("team")
    known = rules.filter(pk=row.pk).first()
    before, after = owner_rule_state(known) if known else None, owner_rule_state(row)
    if before == after:
        return False
    save_row(row)
    record_saved(row, before, after, actor=actor, now=now)
    _judge_anew(now)
    return True


def check_owner_rule(row: OwnershipRule) -> None:
    """What saving it would refuse. Raises PayloadError."""
    check_texts(row, "environment", "service")
    check_columns(row)


@transaction.atomic
def delete_owner_rule(row: OwnershipRule, *, actor: Actor, now: datetime) -> None:
    """What it matched is whose the next that matches says."""
    record_deleted(row, owner_rule_state(row), actor=actor, now=now)
    row.delete()
    _judge_anew(now)


def owner_rule_state(row: OwnershipRule) -> dict[str, Any]:
    """As the trail has it."""
    return {
        "name": row.name, "position": row.position, "enabled": row.enabled, "match": row.match,
        "team": team_name(row.team if row.team_id else None), "environment": row.environment,
        "service": row.service,
    }  # fmt: skip


def _judge_anew(now: datetime) -> None:
    Certificate.objects.filter(owner_pinned=False).update(judge_at=now)
