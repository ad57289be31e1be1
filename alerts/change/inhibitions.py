"""Inhibitions are changed here, by pages and files alike."""

from datetime import datetime

from django.db import transaction

from alerts.change.matching import complaint_of_match
from alerts.change.record import (
    check_columns,
    keep_version,
    record_deleted,
    record_saved,
    save_row,
)
from alerts.models import Inhibition
from alerts.policy.states import inhibition_policy, inhibition_state
from opsportal.accounts.actors import Actor
from opsportal.lib.errors import FieldError, PayloadError

MOST_EQUAL = 20
LONGEST_LABEL = 200


@transaction.atomic
def save_inhibition(inhibition: Inhibition, *, actor: Actor, now: datetime) -> bool:
    """Store a new or changed inhibition; whether anything was different.

    Raises PayloadError, ConflictError.
    """
    stored = Inhibition.objects.select_for_update(of=("self",)).filter(pk=inhibition.pk).first()
    _check_inhibition(inhibition)
    before = inhibition_state(stored) if stored else None
    after = inhibition_state(inhibition)
    if before == after:
        return False
    save_row(inhibition)
    keep_version(inhibition, inhibition_policy(inhibition), actor=actor, now=now)
    record_saved(inhibition, before, after, actor=actor, now=now)
    return True


@transaction.atomic
def delete_inhibition(inhibition: Inhibition, *, actor: Actor, now: datetime) -> None:
    """Remove it; what it held back is told if it still fires."""
    state = inhibition_state(inhibition)
    record_deleted(inhibition, state, actor=actor, now=now)
    keep_version(inhibition, inhibition_policy(inhibition), actor=actor, now=now, removed=True)
    inhibition.delete()


def _check_inhibition(inhibition: Inhibition) -> None:
    check_columns(inhibition)
    errors = [
        *complaint_of_match(inhibition.source_match, "source_match", narrow=True),
        *complaint_of_match(inhibition.target_match, "target_match", narrow=True),
    ]
    names = inhibition.equal
    if not isinstance(names, list) or not all(
        isinstance(name, str) and 0 < len(name) <= LONGEST_LABEL and "\0" not in name
        for name in names
    ):
        errors.append(FieldError("equal", "a list of label names"))
    elif len(names) > MOST_EQUAL or len(set(names)) < len(names):
        errors.append(FieldError("equal", f"at most {MOST_EQUAL} labels, each once"))
    if errors:
        text = "; ".join(f"{error.field}: {error.message}" for error in errors)
        raise PayloadError(f"The inhibition is not right: {text}", errors)
