"""Signing secrets of senders are changed here."""

import re
from datetime import datetime

from django.db import transaction

from alerts.change.record import State, check_columns, record_deleted, record_saved, save_row
from alerts.models import SigningSecret
from opsportal.accounts.actors import Actor
from opsportal.accounts.audit import mask_secret
from opsportal.lib.errors import FieldError, PayloadError

# Of a field name (RFC 9110) what proxies pass on.
HEADER = re.compile(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*")
NO_HEADER = "letters, digits and single hyphens between them"
SHORTEST_SECRET, LONGEST_SECRET = 16, 500


def save_signing_secret(signing: SigningSecret, *, actor: Actor, now: datetime) -> bool:
    """Store a new or changed secret; whether anything was different.

    An empty secret is the one that is set. Raises PayloadError, ConflictError.
    """
    with transaction.atomic():
        rows = SigningSecret.objects.select_for_update(of=("self",)).select_related("key")
        stored = rows.filter(pk=signing.pk).first()
        if stored is not None:
            signing.secret = signing.secret or stored.secret
        _check(signing)
        before = signing_state(stored) if stored else None
        after = signing_state(signing)
        if before == after:
            return False
        save_row(signing)
        record_saved(signing, before, after, actor=actor, now=now)
    return True


def delete_signing_secret(signing: SigningSecret, *, actor: Actor, now: datetime) -> None:
    """From now on the key alone is enough."""
    with transaction.atomic():
        record_deleted(signing, signing_state(signing), actor=actor, now=now)
        signing.delete()


def signing_state(signing: SigningSecret) -> State:
    """For the trail: of the secret only whether it changed."""
    return {
        "key": str(signing.key),
        "secret": mask_secret(signing.secret),
        "header": signing.header,
        "timestamp_header": signing.timestamp_header,
    }


def complaints_of_signing(secret: str, header: str, timestamp_header: str) -> list[FieldError]:
    """What is wrong with them."""
    errors = []
    if not SHORTEST_SECRET <= len(secret) <= LONGEST_SECRET or "\0" in secret:
        message = f"from {SHORTEST_SECRET} to {LONGEST_SECRET} characters"
        errors.append(FieldError("secret", message))
    if not HEADER.fullmatch(header):
        errors.append(FieldError("header", NO_HEADER))
    if timestamp_header and not HEADER.fullmatch(timestamp_header):
        errors.append(FieldError("timestamp_header", NO_HEADER))
    elif timestamp_header.lower() == header.lower():
        errors.append(FieldError("timestamp_header", "must be another than the signature's"))
    return errors


def _check(signing: SigningSecret) -> None:
    errors = complaints_of_signing(signing.secret, signing.header, signing.timestamp_header)
    if errors:
        text = "; ".join(f"{error.field}: {error.message}" for error in errors)
        raise PayloadError(f"The signing secret is not right: {text}", errors)
    check_columns(signing, exclude=["secret"])
