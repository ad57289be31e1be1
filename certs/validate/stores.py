"""The trust stores, as chains are held against them; and that they changed."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from django.db import connection, transaction

from certs.models import Certificate, Endpoint, Observation, ServedCertificate, TrustStore
from certs.trust import Anchors, mozilla_anchors, private_anchors, read_roots, system_anchors
from chronos.trail import check_columns, record_deleted, record_saved, save_row
from opsportal.accounts.actors import Actor
from opsportal.lib.errors import FieldError, PayloadError

Kind = TrustStore.Kind
# What is not edited here is noticed at most so often.
_SETTLED = timedelta(hours=1)
_DEFAULTS = (
    ("mozilla", Kind.MOZILLA, True, "The roots that Firefox trusts for servers, by certifi."),
    ("system", Kind.SYSTEM, False, "The roots of the machine that the portal runs on."),
)


def create_default_stores(**_: Any) -> None:
    """Mozilla's and the system's, where they are missing; after each migration, and each that is
    of other apps only."""
    if TrustStore._meta.db_table not in connection.introspection.table_names():
        return
    known = set(TrustStore.objects.exclude(kind=Kind.PRIVATE).values_list("kind", flat=True))
    for name, kind, public, note in _DEFAULTS:
        if kind not in known:
            TrustStore.objects.get_or_create(
                name=name, defaults={"kind": kind, "public": public, "note": note}
            )


def open_store(row: TrustStore) -> Anchors:
    """Its roots; read once per content."""
    if row.kind == Kind.MOZILLA:
        return mozilla_anchors()
    return system_anchors() if row.kind == Kind.SYSTEM else private_anchors(row.pem)


def open_stores() -> Mapping[TrustStore, Anchors]:
    """Those that are enabled."""
    return {row: open_store(row) for row in TrustStore.objects.filter(enabled=True)}


def notice_stores(*, now: datetime) -> bool:
    """Have every endpoint judged anew where a store is not what chains were last held against.

    One small query when there is none.
    """
    changed = False
    for row in TrustStore.objects.all():
        anchors = open_store(row) if row.enabled else None
        digest = _digest(row, anchors) if anchors else ""
        if digest != row.digest and not _is_flickering(row, digest, now):
            roots = len(anchors.roots) if anchors else row.roots
            TrustStore.objects.filter(pk=row.pk).update(digest=digest, roots=roots, noticed_at=now)
            changed = True
    if changed:
        _mark_all(now)
    return changed


def _is_flickering(row: TrustStore, digest: str, now: datetime) -> bool:
    """Machines with different roots take turns: no reason to judge everything at each turn."""
    both = bool(digest and row.digest)
    return both and row.noticed_at is not None and now - row.noticed_at < _SETTLED


def _digest(row: TrustStore, anchors: Anchors) -> str:
    return sha256(f"{anchors.digest} {row.public}".encode()).hexdigest()


def _mark_all(now: datetime) -> None:
    serving = Observation.objects.filter(serving=True)
    Endpoint.objects.filter(pk__in=serving.values("endpoint_id")).update(judge_at=now)
    served = ServedCertificate.objects.filter(observation__serving=True)
    Certificate.objects.filter(pk__in=served.values("certificate_id")).update(judge_at=now)


def check_store(row: TrustStore) -> None:
    """What saving it would refuse. Raises PayloadError."""
    row.name, row.pem = row.name.strip(), row.pem.strip()
    if not row.name:
        raise PayloadError("name: missing", [FieldError("name", "missing")])
    if row.kind == Kind.PRIVATE:
        row.roots = len(read_roots(row.pem))
    elif row.pem:
        message = "only a store of own roots has PEM"
        raise PayloadError(f"pem: {message}", [FieldError("pem", message)])
    check_columns(row)


def save_store(row: TrustStore, *, actor: Actor, now: datetime) -> None:
    """Store a new or changed one, audited; the next sweep holds chains against it.

    Raises PayloadError.
    """
    check_store(row)
    # Edited: noticed at once.
    row.digest = ""
    with transaction.atomic():
        known = TrustStore.objects.filter(pk=row.pk).first()
        save_row(row)
        record_saved(row, _state(known) if known else None, _state(row), actor=actor, now=now)


def delete_store(row: TrustStore, *, actor: Actor, now: datetime) -> None:
    """Nothing is held against it any more. Raises PayloadError for one that the portal brings,
    which would come back: it can be disabled."""
    if row.kind != Kind.PRIVATE:
        raise PayloadError("Disable it instead: the portal brings this trust store itself.")
    with transaction.atomic():
        record_deleted(row, _state(row), actor=actor, now=now)
        row.delete()
        _mark_all(now)


def _state(row: TrustStore) -> dict[str, Any]:
    return {
        "name": row.name,
        "kind": row.kind,
        "enabled": row.enabled,
        "public": row.public,
        "roots": row.roots,
        "pem": sha256(row.pem.encode()).hexdigest() if row.pem else "",
        "note": row.note,
    }
