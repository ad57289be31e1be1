"""Keys for machines: made, resolved from a header, checked for scopes, revoked."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django.db import connection, transaction
from django.db.models import Q
from django.db.models.expressions import Col

from opsportal.accounts.actors import Actor
from opsportal.accounts.audit import audit_state, record_audit
from opsportal.accounts.models import ApiKey, Team
from opsportal.lib.errors import (
    FieldError,
    ForbiddenError,
    NotAuthenticatedError,
    PayloadError,
    RefusedKeyError,
)
from opsportal.lib.times import format_instant

SCOPES = {
    "alerts:write": "Send alerts",
    "alerts:read": "Read alerts",
    "alerts:respond": "Acknowledge, resolve, assign, snooze and note alerts",
    "events:write": "Send change events",
    "events:read": "Read change events",
    "silences:write": "Make, change and end silences",
    "subscriptions:write": "Make, change and remove subscriptions",
    "config:read": "Read rules, channels, silences, inhibitions, subscriptions, senders and what "
    "they sent; no secrets",
    "security:read": "Read the configuration of clouds, its history and findings",
    "security:write": "Accept risks, review and comment changes, have clouds collected",
    "certs:read": "Read certificates, where they are, and what is wrong with them",
    "certs:write": "Post certificates, have hosts and sources looked at, set owners",
    "metrics:read": "Read /metrics",
}
USED_EVERY = timedelta(minutes=1)

# Beside the usual form a short one, for what has room for 32 letters and digits only.
_TEXT = re.compile(r"ops_([a-z0-9]{12})_[A-Za-z0-9_-]{43}|([a-z0-9]{12})[a-z0-9]{20}")
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
_FIELDS = tuple(ApiKey._meta.concrete_fields)
_NAMES = [field.attname for field in _FIELDS]
_SELECT = "SELECT {} FROM {} WHERE prefix = %s".format(
    ", ".join(f'"{field.column}"' for field in _FIELDS), ApiKey._meta.db_table
)
# What the database last said about a prefix, and the same as Python values. The row is read on
# every call, so that a revocation acts at once; only its conversion is spared while it is equal.
_SEEN: dict[str, tuple[Sequence[Any], list[Any]]] = {}
_SEEN_MOST = 10_000
_RECALLED_FOR = ("scopes", "team_id", "rate_limit", "expires_at")
# Digest of a key's text -> when it was resolved here, and to what; see `recall_key`.
_RECALLED: dict[str, tuple[datetime, ApiKey]] = {}


def check_scopes(scopes: Iterable[str]) -> list[str]:
    """The scopes, sorted and once each. Raises PayloadError that lists the known ones."""
    given = sorted(set(scopes))
    unknown = [scope for scope in given if scope not in SCOPES]
    message = ""
    if unknown:
        message = f"unknown scope {', '.join(unknown)}; known: {', '.join(SCOPES)}"
    elif not given:
        message = f"name at least one scope; known: {', '.join(SCOPES)}"
    if message:
        raise PayloadError(message, [FieldError("scopes", message)])
    return given


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _letters(count: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(count))


@transaction.atomic
def create_key(
    name: str,
    scopes: Iterable[str],
    *,
    team: Team | None = None,
    rate_limit: int | None = None,
    expires_at: datetime | None = None,
    short: bool = False,
    actor: Actor,
    now: datetime,
) -> tuple[ApiKey, str]:
    """A new key and its text, which is shown this once: only its SHA-256 is stored.

    A `short` one has 32 lower-case letters and digits, as PagerDuty's routing keys; 103 of its
    bits are secret.
    """
    if expires_at is not None and expires_at <= now:
        raise PayloadError("expires_at is past", [FieldError("expires_at", "is past")])
    prefix = _letters(12)
    text = prefix + _letters(20) if short else f"ops_{prefix}_{secrets.token_urlsafe(32)}"
    key = ApiKey.objects.create(
        name=name,
        prefix=prefix,
        key_hash=_digest(text),
        scopes=check_scopes(scopes),
        team=team,
        rate_limit=rate_limit,
        expires_at=expires_at,
        created_by_id=actor.user_id,
    )
    record_audit(actor, "create", key, after=audit_state(key), now=now)
    return key, text


def resolve_key(text: str, now: datetime) -> ApiKey:
    """The valid key of this text; `credentials.py` finds it in a request.

    Raises RefusedKeyError, and NotAuthenticatedError for the empty text.

    On the path of every request of a machine: one SELECT by unique prefix, no model query.
    """
    found = _TEXT.fullmatch(text)
    if found is None:
        kind = RefusedKeyError if text else NotAuthenticatedError
        raise kind("Send `Authorization: Bearer KEY` with a key of this portal.")
    key = _valid_key(found[1] or found[2], _digest(text), now)
    if key.last_used_at is None or now - key.last_used_at >= USED_EVERY:
        _note_use(key, now)
    return key


def recall_key(text: str, now: datetime) -> ApiKey:
    """As `resolve_key`, but from memory when it was resolved here within a minute: no query.

    For those who write many requests in one transaction and call `confirm_key` in it.
    """
    digest = _digest(text)
    recalled = _RECALLED.get(digest)
    if recalled is not None and timedelta(0) <= now - recalled[0] < USED_EVERY:
        return recalled[1]
    # Threads that serve no Django requests keep their connection: is it still good? Not asked in
    # a transaction, whose connection Django would close.
    if not connection.in_atomic_block:
        connection.close_if_unusable_or_obsolete()
    key = resolve_key(text, now)
    if len(_RECALLED) >= _SEEN_MOST:
        _RECALLED.clear()
    _RECALLED[digest] = (now, key)
    return key


def confirm_key(key: ApiKey, now: datetime) -> ApiKey:
    """The recalled key as the database has it now. Raises RefusedKeyError."""
    confirmed = _valid_key(key.prefix, key.key_hash, now)
    if any(getattr(confirmed, name) != getattr(key, name) for name in _RECALLED_FOR):
        _RECALLED.clear()
    return confirmed


def _valid_key(prefix: str, digest: str, now: datetime) -> ApiKey:
    key = _read_key(prefix)
    if key is None or not hmac.compare_digest(digest, key.key_hash):
        raise RefusedKeyError("This key is not known here.")
    if key.revoked_at is not None:
        raise RefusedKeyError(f"This key was revoked at {format_instant(key.revoked_at)}.")
    if key.expires_at is not None and key.expires_at <= now:
        raise RefusedKeyError(f"This key expired at {format_instant(key.expires_at)}.")
    return key


def _note_use(key: ApiKey, now: datetime) -> None:
    stale = Q(last_used_at=None) | Q(last_used_at__lte=now - USED_EVERY)
    ApiKey.objects.filter(stale, pk=key.pk).update(last_used_at=now)


@lru_cache(maxsize=4)
def _converters(vendor: str) -> list[tuple[Col, list[Any]]]:
    columns = [Col(ApiKey._meta.db_table, field) for field in _FIELDS]
    return [
        (col, connection.ops.get_db_converters(col) + col.get_db_converters(connection))
        for col in columns
    ]


def _converted(row: Sequence[Any]) -> list[Any]:
    values = []
    for stored, (col, converters) in zip(row, _converters(connection.vendor), strict=True):
        value = stored
        for convert in converters:
            value = convert(value, col, connection)
        values.append(value)
    return values


def _read_key(prefix: str) -> ApiKey | None:
    with connection.cursor() as cursor:
        cursor.execute(_SELECT, [prefix])
        row = cursor.fetchone()
    if row is None:
        return None
    seen = _SEEN.get(prefix)
    if seen is None or seen[0] != row:
        if len(_SEEN) >= _SEEN_MOST:
            _SEEN.clear()
        seen = _SEEN[prefix] = (row, _converted(row))
    return ApiKey.from_db(connection.alias, _NAMES, seen[1])


def require_scope(key: ApiKey, scope: str) -> None:
    """Raise ForbiddenError unless the key has the scope."""
    if scope not in key.scopes:
        has = ", ".join(key.scopes) or "none"
        raise ForbiddenError(f"This key needs the scope {scope}; it has: {has}.")


@transaction.atomic
def revoke_key(key: ApiKey, *, actor: Actor, now: datetime) -> bool:
    """End the key's life, on every process at once; False when it had ended before."""
    before = audit_state(key)
    if not ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now):
        return False
    key.revoked_at = now
    record_audit(actor, "revoke", key, before=before, after=audit_state(key), now=now)
    return True
