"""The trail of every write by a person or a key. Entries are added, never edited."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils.crypto import salted_hmac

from opsportal.accounts.actors import Actor
from opsportal.accounts.models import AuditEntry
from opsportal.lib.crypto import EncryptedJSONField

SECRET_FIELDS = frozenset({"password", "key_hash"})
_VOLATILE = frozenset({"last_login", "last_used_at"})


def mask_secret(value: object) -> str:
    """A stand-in that tells whether a secret changed, and nothing else about it."""
    if value in (None, "", {}, []):
        return ""
    text = json.dumps(value, sort_keys=True, cls=DjangoJSONEncoder)
    return f"secret {salted_hmac('audit', text, algorithm='sha256').hexdigest()[:8]}"


def audit_state(instance: models.Model) -> dict[str, Any]:
    """The row as JSON for the trail: references as ids, secrets masked."""
    state: dict[str, Any] = {}
    for field in instance._meta.concrete_fields:
        if field.name in _VOLATILE:
            continue
        value = getattr(instance, field.attname)
        if field.name in SECRET_FIELDS or isinstance(field, EncryptedJSONField):
            value = mask_secret(value)
        state[field.name] = value
    plain: dict[str, Any] = json.loads(json.dumps(state, cls=DjangoJSONEncoder))
    return plain


def difference(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Both states, reduced to what differs."""
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return (
        {name: before[name] for name in names if name in before},
        {name: after[name] for name in names if name in after},
    )


def record_audit(
    actor: Actor,
    action: str,
    target: models.Model,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    now: datetime,
) -> AuditEntry:
    """Add an entry, in the transaction of the write that it is about.

    Secrets in `before` and `after` are masked by the caller; `audit_state` does so.
    """
    entry = _entry(actor, action, target, before, after, now)
    entry.save(force_insert=True)
    return entry


def record_audits(
    actor: Actor,
    action: str,
    writes: Iterable[tuple[models.Model, Mapping[str, Any] | None, Mapping[str, Any] | None]],
    *,
    now: datetime,
) -> None:
    """The same of many writes at once: each its target, before and after."""
    AuditEntry.objects.bulk_create(
        [_entry(actor, action, *write, now) for write in writes], batch_size=500
    )


def _entry(
    actor: Actor,
    action: str,
    target: models.Model,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    now: datetime,
) -> AuditEntry:
    return AuditEntry(
        at=now,
        user_id=actor.user_id,
        key_id=actor.key_id,
        actor=actor.name[:200],
        action=action[:50],
        target_type=target._meta.label_lower[:100],
        target_id=str(target.pk or "")[:100],
        target=str(target)[:300],
        before=None if before is None else dict(before),
        after=None if after is None else dict(after),
        request_id=actor.request_id[:64],
        address=actor.address,
    )
