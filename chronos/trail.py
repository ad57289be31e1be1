"""How what people configure is stored: checked, with an audit entry, and on the timeline."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction

from chronos.normalise import Change
from chronos.record import record_change, record_changes
from opsportal.accounts.actors import Actor
from opsportal.accounts.audit import difference, record_audit, record_audits
from opsportal.accounts.models import Team
from opsportal.lib.errors import ConflictError, FieldError, PayloadError

# How a row looks to the trail and to the timeline: names, nothing secret.
State = dict[str, Any]


def team_name(team: Team | None) -> str:
    """For the trail."""
    return team.name if team else ""


def check_columns(instance: models.Model, exclude: Sequence[str] = ()) -> None:
    """What the columns and constraints allow. Raises PayloadError, one error per field."""
    try:
        instance.full_clean(exclude=exclude)
    except ValidationError as error:
        errors = [
            FieldError("" if field == "__all__" else field, message)
            for field, messages in error.message_dict.items()
            for message in messages
        ]
        text = "; ".join(f"{found.field}: {found.message}" for found in errors)
        raise PayloadError(f"The {instance._meta.verbose_name} is not right: {text}", errors) from (
            error
        )


def save_row(instance: models.Model) -> None:
    """Store it. Raises ConflictError when somebody was quicker."""
    try:
        with transaction.atomic():
            instance.save()
    except IntegrityError as error:
        raise ConflictError(
            f"Another {instance._meta.verbose_name} has that name by now."
        ) from error


def record_saved(
    instance: models.Model, before: State | None, after: State, *, actor: Actor, now: datetime
) -> None:
    """In the audit trail and on the timeline: created, or what changed."""
    record_audit(
        actor, "change" if before else "create", instance, before=before, after=after, now=now
    )
    if before is None:
        _record_change(instance, "created", [], {"after": after}, actor, now)
        return
    was, became = difference(before, after)
    details = {"before": was, "after": became}
    _record_change(instance, "changed", sorted(became), details, actor, now)


def record_ended(
    instance: models.Model, before: State, after: State, *, actor: Actor, now: datetime
) -> None:
    """In the audit trail and on the timeline: it is over, and kept."""
    record_audit(actor, "end", instance, before=before, after=after, now=now)
    _record_change(instance, "ended", [], {"before": before}, actor, now)


def record_created_all(
    rows: Sequence[tuple[models.Model, State]], *, actor: Actor, now: datetime
) -> None:
    """The same of many that are new: (row, its state); by a fixed number of statements."""
    record_audits(actor, "create", [(row, None, after) for row, after in rows], now=now)
    changes = [_change(row, "created", [], {"after": after}, actor, now) for row, after in rows]
    record_changes(changes, now=now)


def record_ended_all(
    rows: Sequence[tuple[models.Model, State, State]], *, actor: Actor, now: datetime
) -> None:
    """The same of many that are over: (row, before, after); by a fixed number of statements."""
    record_audits(actor, "end", rows, now=now)
    changes = [_change(row, "ended", [], {"before": was}, actor, now) for row, was, _ in rows]
    record_changes(changes, now=now)


def record_deleted(instance: models.Model, before: State, *, actor: Actor, now: datetime) -> None:
    """In the audit trail and on the timeline, before the row is deleted."""
    record_audit(actor, "delete", instance, before=before, now=now)
    _record_change(instance, "deleted", sorted(before), {"before": before}, actor, now)


def _record_change(
    instance: models.Model,
    deed: str,
    names: Sequence[str],
    details: Mapping[str, object],
    actor: Actor,
    now: datetime,
) -> None:
    record_change(_change(instance, deed, names, details, actor, now), now=now)


def _change(
    instance: models.Model,
    deed: str,
    names: Sequence[str],
    details: Mapping[str, object],
    actor: Actor,
    now: datetime,
) -> Change:
    noun = str(instance._meta.verbose_name)
    what = f": {', '.join(names)}" if deed == "changed" else ""
    name = getattr(instance, "name", str(instance.pk))
    return Change(
        kind=noun.lower().replace(" ", "_"),
        action=deed,
        title=f"{noun.capitalize()} {name} was {deed}{what}",
        actor=actor.name,
        started_at=now,
        ended_at=now,
        team=team_name(getattr(instance, "team", None)),
        subject=f"{instance._meta.label_lower}:{instance.pk}",
        data=details,
    )
