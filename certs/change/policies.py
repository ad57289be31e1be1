"""Policies: checked, with a trail; whatever they are about is judged anew."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from certs.change.checks import check_texts, wrong
from certs.judge.thresholds import read_thresholds
from certs.kinds import KINDS
from certs.models import Certificate, CertificatePolicy
from chronos.trail import check_columns, record_deleted, record_saved, save_row
from opsportal.accounts.actors import Actor
from opsportal.lib.durations import write_duration

LONGEST_GRACE = timedelta(days=365)


@transaction.atomic
def save_policy(row: CertificatePolicy, *, actor: Actor, now: datetime) -> bool:
    """Store a new or changed one; whether anything is different. Raises PayloadError."""
    check_policy(row)
    known = CertificatePolicy.objects.select_for_update().filter(pk=row.pk).first()
    before, after = policy_state(known) if known else None, policy_state(row)
    if before == after:
        return False
    save_row(row)
    record_saved(row, before, after, actor=actor, now=now)
    _judge_anew(now)
    return True


def check_policy(row: CertificatePolicy) -> None:
    """What saving it would refuse. Raises PayloadError."""
    check_texts(row, "note")
    read_thresholds(row.thresholds)
    if not timedelta(0) <= row.stale_grace <= LONGEST_GRACE:
        raise wrong("stale_grace", "from none to a year")
    if not isinstance(row.without, list):
        raise wrong("without", "a list of kinds of findings")
    for kind in row.without:
        if not isinstance(kind, str) or kind not in KINDS or KINDS[kind].about != "certificate":
            known = ", ".join(slug for slug, one in KINDS.items() if one.about == "certificate")
            raise wrong("without", f"{str(kind)[:60]!r} is none of {known}")
    check_columns(row)


@transaction.atomic
def delete_policy(row: CertificatePolicy, *, actor: Actor, now: datetime) -> None:
    """What it matched follows the next that matches."""
    record_deleted(row, policy_state(row), actor=actor, now=now)
    row.delete()
    _judge_anew(now)


def policy_state(row: CertificatePolicy) -> dict[str, Any]:
    """As the trail has it."""
    return {
        "name": row.name, "position": row.position, "enabled": row.enabled, "match": row.match,
        "thresholds": row.thresholds, "stale_grace": write_duration(row.stale_grace),
        "without": row.without, "note": row.note,
    }  # fmt: skip


def _judge_anew(now: datetime) -> None:
    """All that is in use: which policy matches now is found in sweeps."""
    Certificate.objects.exclude(use=Certificate.Use.KNOWN).update(judge_at=now)
