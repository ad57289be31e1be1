"""The locks: what is not armed is only simulated."""

from collections.abc import Mapping
from datetime import datetime

from django.conf import settings
from django.db import transaction

from chronos.normalise import Change
from chronos.record import record_change
from opsportal.accounts.actors import Actor
from opsportal.accounts.audit import record_audit
from opsportal.lib.errors import FieldError, ForbiddenError, PayloadError
from opsportal.lib.registry import plugins
from opsportal.safety.models import GLOBAL, Leash


def lock_guard() -> Leash:
    """Hold the one row that serialises every decision to act; in the caller's transaction."""
    Leash.objects.get_or_create(name=GLOBAL)
    return Leash.objects.select_for_update().get(name=GLOBAL)


def leashed() -> Mapping[str, str]:
    """What has a lock: slug -> label, everything first."""
    found = {GLOBAL: "Everything"}
    for registry in settings.LEASHED:
        for slug, executor in plugins(registry).items():
            found[slug] = executor.label
    return found


def closed_locks(plugin: str) -> list[str]:
    """The locks that make a simulation of it now."""
    armed = set(
        Leash.objects.filter(name__in=[GLOBAL, plugin], armed=True).values_list("name", flat=True)
    )
    return [f"the lock of {name}" for name in (GLOBAL, plugin) if name not in armed]


def set_leash(name: str, *, armed: bool, actor: Actor, now: datetime) -> Leash:
    """Arm it or leash it. Raises PayloadError for what has no lock, ForbiddenError for keys."""
    if actor.key_id is not None:
        raise ForbiddenError("A key may not change a lock.")
    if name not in leashed():
        message = f"{name!r} is none of {', '.join(leashed())}"
        raise PayloadError(f"No such lock: {message}.", [FieldError("name", message)])
    with transaction.atomic():
        lock_guard()
        leash, _ = Leash.objects.select_for_update().get_or_create(name=name)
        if leash.armed == armed:
            return leash
        leash.armed, leash.changed_at, leash.changed_by = armed, now, actor.name[:200]
        leash.save()
        before, after = {"armed": not armed}, {"armed": armed}
        record_audit(actor, "change", leash, before=before, after=after, now=now)
        deed = "armed" if armed else "leashed"
        change = Change(
            kind="leash",
            action=deed,
            title=f"{actor.name} {deed} {name}",
            actor=actor.name,
            started_at=now,
            ended_at=now,
            subject=f"safety.leash:{leash.pk}",
        )
        record_change(change, now=now)
    return leash
