"""Admin pages of the running portal: its processes, its queue, its schedules."""

from django_q import admin as django_q_admin
from django_q.models import Failure, OrmQ, Schedule, Success

from opsportal.lib.admin import ReadOnlyAdmin, register, site
from opsportal.runtime.models import Process

# Its own pages let people edit schedules (settings are their only source) and jobs.
# Successes are not kept.
for model in (Failure, OrmQ, Schedule, Success):
    site.unregister(model)

__all__ = ["django_q_admin"]


@register(Process)
class ProcessAdmin(ReadOnlyAdmin):
    """Which processes are alive."""

    list_display = ["name", "host", "pid", "started_at", "beat_at"]
    list_select_related = False


@register(Schedule)
class ScheduleAdmin(ReadOnlyAdmin):
    """Periodic jobs, as settings.SCHEDULES has them."""

    list_display = ["name", "func", "schedule_type", "minutes", "next_run"]
    list_select_related = False
    search_fields = ["name", "func"]
    fields = ["name", "func", "schedule_type", "minutes", "cron", "next_run", "repeats"]


@register(Failure)
class FailureAdmin(ReadOnlyAdmin):
    """Jobs that raised; what must not be lost is a row of an outbox and tried again from there."""

    list_display = ["name", "func", "started", "stopped", "attempt_count"]
    list_select_related = False
    search_fields = ["name", "func"]
    sortable_by = ()
    fields = ["name", "func", "args", "kwargs", "result", "started", "stopped", "attempt_count"]


@register(OrmQ)
class QueueAdmin(ReadOnlyAdmin):
    """Jobs that wait; without their payload, which is a pickle."""

    list_display = ["id", "key", "lock"]
    list_select_related = False
    sortable_by = ()
    fields = ["key", "lock"]
