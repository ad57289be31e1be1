"""How every change of the gateway's configuration is stored: checked, versioned, with a trail."""

from datetime import datetime

from django.db import models
from django.db.models import Max

from alerts.models import PolicyVersion
from chronos.trail import (
    State,
    check_columns,
    record_deleted,
    record_ended,
    record_saved,
    save_row,
    team_name,
)
from opsportal.accounts.actors import Actor

__all__ = [
    "State",
    "check_columns",
    "keep_version",
    "record_deleted",
    "record_ended",
    "record_saved",
    "save_row",
    "team_name",
]


def keep_version(
    instance: models.Model, state: State, *, actor: Actor, now: datetime, removed: bool = False
) -> int:
    """Keep what decides about alerts as it is from now on; the number of the version.

    `state` holds all that is needed to ask it again, ids included.
    """
    kind = instance._meta.model_name or ""
    versions = PolicyVersion.objects.filter(kind=kind, object_id=instance.pk)
    number = (versions.aggregate(latest=Max("number"))["latest"] or 0) + 1
    PolicyVersion.objects.create(
        kind=kind,
        object_id=instance.pk,
        number=number,
        state=state,
        removed=removed,
        at=now,
        actor=actor.name[:200],
    )
    if hasattr(instance, "version") and not removed:
        instance.version = number
        type(instance)._default_manager.filter(pk=instance.pk).update(version=number)
    return number
