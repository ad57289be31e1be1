"""Alias: decide that two names mean the same; what was recorded before follows in batches."""

from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from chronos.models import ALIASED, Alias, ChangeEvent, KnownName
from chronos.names import forget_names
from chronos.normalise import Change
from chronos.record import record_change
from chronos.settle import decided_by, settle_running
from chronos.unify import forget_aliases
from opsportal.accounts.actors import Actor
from opsportal.accounts.audit import audit_state, record_audit
from opsportal.lib.errors import ConflictError, FieldError, PayloadError

_ROWS, _MOST_BATCHES = 200, 250
# Other processes record with the old name for a minute.
_SETTLED_AFTER = timedelta(minutes=2)
# A change's columns are shorter than a name may be.
_LONGEST = {
    field.name: field.max_length or 200
    for field in ChangeEvent._meta.concrete_fields
    if field.name in ALIASED
}


@transaction.atomic
def save_alias(alias: Alias, *, actor: Actor, now: datetime) -> bool:
    """Store a new or changed alias; whether anything was different.

    A name that is its own canonical one is confirmed as right. Raises PayloadError, ConflictError.
    """
    stored = Alias.objects.select_for_update().filter(pk=alias.pk).first()
    alias.name, alias.canonical = alias.name.strip(), alias.canonical.strip()
    _check(alias)
    if stored is not None and _facts(stored) == _facts(alias):
        return False
    before = audit_state(stored) if stored else None
    alias.created_at, alias.applied_at = now, None
    try:
        with transaction.atomic():
            alias.save()
    except IntegrityError as error:
        raise ConflictError(f"{alias.name} has an alias by now.") from error
    if alias.name != alias.canonical:
        # What meant this name means the other now.
        others = Alias.objects.filter(field=alias.field, canonical=alias.name)
        others.exclude(pk=alias.pk).update(canonical=alias.canonical, applied_at=None)
    action = "change" if before else "create"
    record_audit(actor, action, alias, before=before, after=audit_state(alias), now=now)
    _record(alias, "changed" if before else "created", actor, now)
    forget_aliases()
    return True


@transaction.atomic
def delete_alias(alias: Alias, *, actor: Actor, now: datetime) -> None:
    """Names are their own again; what was recorded with the canonical one keeps it."""
    record_audit(actor, "delete", alias, before=audit_state(alias), now=now)
    _record(alias, "deleted", actor, now)
    alias.delete()
    forget_aliases()


def apply_aliases(*, now: datetime) -> int:
    """Give the changes of before their canonical names, in batches; how many there were."""
    total = 0
    for alias in Alias.objects.filter(applied_at=None).order_by("created_at")[:100]:
        if alias.name != alias.canonical:
            total += _rename(alias, now)
        if now - alias.created_at < _SETTLED_AFTER:
            continue
        rows = Alias.objects.filter(pk=alias.pk, canonical=alias.canonical)
        if rows.update(applied_at=now) and alias.name != alias.canonical:
            KnownName.objects.filter(field=alias.field, name=alias.name, mentioned_at=None).delete()
            forget_names()
    return total


def _rename(alias: Alias, now: datetime) -> int:
    total = 0
    named = ChangeEvent.objects.filter(**{alias.field: alias.name}).order_by("-started_at", "-id")
    for _ in range(_MOST_BATCHES):
        with transaction.atomic():
            found = list(named[:_ROWS])
            before = decided_by(found)
            for event in found:
                setattr(event, alias.field, alias.canonical)
            # By `updated_at` it is known to followers, and that it is to be counted again.
            ChangeEvent.objects.filter(pk__in=[event.pk for event in found]).update(
                **{alias.field: alias.canonical}, updated_at=now
            )
            settle_running(found, before)
        total += len(found)
        if len(found) < _ROWS:
            break
    return total


def _facts(alias: Alias) -> tuple[str, str, str]:
    return alias.field, alias.name, alias.canonical


def _check(alias: Alias) -> None:
    errors = []
    for column in ("name", "canonical"):
        text = getattr(alias, column)
        if not text or "\0" in text:
            errors.append(FieldError(column, "a name, without NUL"))
        elif len(text) > (most := _LONGEST.get(alias.field, 200)):
            errors.append(FieldError(column, f"at most {most} characters"))
    if alias.field not in ALIASED:
        errors.append(FieldError("field", f"one of {', '.join(ALIASED)}"))
    if not errors and alias.name != alias.canonical:
        further = Alias.objects.filter(field=alias.field, name=alias.canonical).first()
        if further is not None and further.canonical == alias.name:
            errors.append(FieldError("canonical", f"{alias.canonical} is an alias of {alias.name}"))
        elif further is not None:
            alias.canonical = further.canonical
    if errors:
        text = "; ".join(f"{error.field}: {error.message}" for error in errors)
        raise PayloadError(f"The alias is not right: {text}", errors)
    try:
        alias.full_clean(exclude=["created_at"], validate_constraints=False)
    except ValidationError as error:
        raise PayloadError(f"The alias is not right: {'; '.join(error.messages)}") from error


def _record(alias: Alias, deed: str, actor: Actor, now: datetime) -> None:
    same = f"{alias.field} {alias.name} is {alias.canonical}"
    record_change(
        Change(
            kind="alias",
            action=deed,
            title=f"Alias was {deed}: {same}"[:500],
            actor=actor.name,
            started_at=now,
            ended_at=now,
            subject=f"{alias._meta.label_lower}:{alias.pk}",
            data={"field": alias.field, "name": alias.name, "canonical": alias.canonical},
        ),
        now=now,
    )
