"""Sources: saved, deleted, looked at now; each deed audited, what is configured on the timeline."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from certs.discover import ask_for_runs, update_use
from certs.discover.storable import storable_text
from certs.judge import mark_all
from certs.models import Finding, Placement, Source, SourceRun
from certs.sources import CertificateSource, source_kind
from certs.sources.options import kept_secrets, read_options, shown_options
from certs.tell import end_alerts
from chronos.trail import (
    State,
    check_columns,
    record_deleted,
    record_saved,
    save_row,
    team_name,
)
from opsportal.accounts.actors import Actor
from opsportal.accounts.audit import mask_secret, record_audit
from opsportal.lib.errors import ConflictError, FieldError, PayloadError
from opsportal.lib.outbox import UNFINISHED
from opsportal.lib.registry import plugins

LEAST_INTERVAL, MOST_INTERVAL = timedelta(minutes=1), timedelta(days=31)
_STANDING = (
    "outcome", "finished_at", "complete_at", "found", "failures", "message", "held", "cursor",
)  # fmt: skip
# What whose certificates are, and which policy they are under, follows from.
_MATCHED = ("name", "team", "environment", "labels")
_MOST_LABELS, _LONGEST_LABEL = 50, 200


def save_source(source: Source, given: dict[str, Any], *, actor: Actor, now: datetime) -> bool:
    """Store a new or changed source, with `given` as all its options; whether anything changed.

    A secret that is not given, or masked, stays. Raises PayloadError, ConflictError.
    """
    kind = _kind_of(source.kind)
    with transaction.atomic():
        stored = Source.objects.select_for_update(of=("self",)).filter(pk=source.pk).first()
        if stored is not None and stored.kind != source.kind:
            raise PayloadError(
                "kind: a source stays what it is; add another one",
                [FieldError("kind", "a source stays what it is; add another one")],
            )
        known = kept_secrets(stored.options, stored.secret or {}, given) if stored else {}
        source.options, secret = read_options(kind, given, known)
        source.secret = secret or None
        _check(source, kind)
        check_columns(source, exclude=["options", "secret", "labels"])
        before = source_state(stored) if stored else None
        after = source_state(source)
        if before == after:
            return False
        if stored is None or source.enabled:
            # Due at once.
            source.next_at = None
        if stored is not None:
            _keep_standing(source, stored)
        save_row(source)
        record_saved(source, before, after, actor=actor, now=now)
        if before is not None and any(before[name] != after[name] for name in _MATCHED):
            there = Placement.objects.filter(source=source, gone_at=None)
            mark_all(there.values("certificate_id"), now=now)
    return True


def delete_source(source: Source, *, actor: Actor, now: datetime) -> None:
    """Remove it with the places it knew of; certificates stay, and what they are used for is
    asked anew."""
    with transaction.atomic():
        rows = Source.objects.select_for_update(of=("self",)).filter(pk=source.pk)
        if not rows.exists():
            raise ConflictError(f"{source.name} is gone already.")
        record_deleted(source, source_state(source), actor=actor, now=now)
        there = Placement.objects.filter(source=source, gone_at=None).order_by()
        certificates = list(there.values_list("certificate_id", flat=True).distinct())
        end_alerts(Finding.objects.filter(source=source), now=now)
        Placement.objects.filter(source=source).delete()
        source.delete()
        update_use(certificates, now=now)


def look_now(source: Source, *, actor: Actor, now: datetime) -> bool:
    """Ask for a run; False when one waits or goes on already. Raises ConflictError."""
    kind = source_kind(source.kind)
    if kind is None or kind.pushed:
        raise ConflictError(f"{source.name} is never asked: certificates come to it by themselves.")
    if not source.enabled:
        raise ConflictError(f"{source.name} is disabled.")
    with transaction.atomic():
        if SourceRun.objects.filter(UNFINISHED, source=source).exists():
            return False
        ask_for_runs([source], now=now, asked_by=actor.name)
        record_audit(actor, "look", source, now=now)
    return True


def confirm_absence(source: Source, *, actor: Actor, now: datetime) -> None:
    """What was absent at once is gone indeed: the next complete run that does not find it ends it.

    Raises ConflictError where nothing is held.
    """
    with transaction.atomic():
        row = Source.objects.select_for_update(of=("self",)).get(pk=source.pk)
        if not row.held:
            raise ConflictError(f"Nothing of {source.name} is held.")
        row.held = {**row.held, "confirmed_by": actor.name}
        Source.objects.filter(pk=row.pk).update(held=row.held)
        record_audit(actor, "confirm", row, after=row.held, now=now)
        if row.enabled and not SourceRun.objects.filter(UNFINISHED, source=row).exists():
            ask_for_runs([row], now=now, asked_by=actor.name)
    source.held = row.held


def source_state(source: Source) -> State:
    """For the trail: of secrets only whether they changed."""
    secret = {name: mask_secret(value) for name, value in (source.secret or {}).items()}
    kind = source_kind(source.kind)
    return {
        "name": source.name,
        "kind": source.kind,
        "options": shown_options(kind, source.options, {}) | secret,
        "enabled": source.enabled,
        "interval": int(source.interval.total_seconds()),
        "team": team_name(source.team),
        "environment": source.environment,
        "labels": source.labels,
        "note": source.note,
    }


def _kind_of(slug: str) -> CertificateSource:
    kind = source_kind(slug)
    if kind is None:
        message = f"{slug!r} is none of {', '.join(plugins('CERTIFICATE_SOURCES'))}"
        raise PayloadError(f"No such kind of source: {message}", [FieldError("kind", message)])
    return kind


def _check(source: Source, kind: CertificateSource) -> None:
    errors = [
        FieldError(field, "has a character that cannot be stored")
        for field in ("name", "environment", "note")
        if not _is_storable(getattr(source, field))
    ]
    if kind.pushed and source.team is not None:
        # Whoever hands in comes to the one that is there, and its team could delete it.
        errors.append(FieldError("team", f"{kind.label} are everybody's, and no team's"))
    if not LEAST_INTERVAL <= source.interval <= MOST_INTERVAL:
        errors.append(FieldError("interval", "must be a minute to 31 days"))
    labels = source.labels
    if not isinstance(labels, dict) or len(labels) > _MOST_LABELS:
        errors.append(FieldError("labels", f"must be names and values, {_MOST_LABELS} at most"))
    elif not all(_is_label(text) for pair in labels.items() for text in pair):
        errors.append(FieldError("labels", "names and values are texts of 200 characters at most"))
    if errors:
        text = "; ".join(f"{found.field}: {found.message}" for found in errors)
        raise PayloadError(f"The source is not right: {text}", errors)


def _is_label(text: Any) -> bool:
    return isinstance(text, str) and len(text) <= _LONGEST_LABEL and _is_storable(text)


def _is_storable(text: str) -> bool:
    return storable_text(text) == text


def _keep_standing(source: Source, stored: Source) -> None:
    """What runs write stays as it is by now, not as it was when the form was opened."""
    for name in _STANDING:
        setattr(source, name, getattr(stored, name))
