"""Periodic jobs: settings.SCHEDULES is their only source; django-q2's rows follow it."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django_q.models import Schedule

MINUTE = timedelta(minutes=1)


def sync_schedules(now: datetime) -> None:
    """Make the rows say what the setting says; a row that is right keeps its next run."""
    with transaction.atomic():
        Schedule.objects.exclude(name__in=settings.SCHEDULES).delete()
        for name, (path, every) in settings.SCHEDULES.items():
            wanted = {"func": path, "schedule_type": Schedule.MINUTES, "minutes": every // MINUTE}
            _keep_one(name)
            Schedule.objects.update_or_create(
                name=name,
                defaults={**wanted, "repeats": -1},
                create_defaults={**wanted, "repeats": -1, "next_run": now},
            )


def _keep_one(name: str) -> None:
    """The name is not unique in django-q2's table."""
    keys = list(Schedule.objects.filter(name=name).order_by("pk").values_list("pk", flat=True))
    Schedule.objects.filter(pk__in=keys[1:]).delete()
