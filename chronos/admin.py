"""Admin pages of the timeline."""

from chronos.freeze_admin import FreezeAdmin, ViolationAdmin
from chronos.models import ChangeEvent, Dependency
from opsportal.accounts.audited_admin import AuditedAdmin
from opsportal.lib.admin import ReadOnlyAdmin, register

__all__ = ["ChangeEventAdmin", "DependencyAdmin", "FreezeAdmin", "ViolationAdmin"]


@register(ChangeEvent)
class ChangeEventAdmin(ReadOnlyAdmin):
    """What changed: read here, recorded elsewhere."""

    list_display = ["started_at", "kind", "title", "status", "actor", "service", "environment"]
    list_select_related = False
    list_filter = ["started_at"]
    search_fields = ["title", "kind", "actor", "service", "subject"]
    sortable_by = ()


@register(Dependency)
class DependencyAdmin(AuditedAdmin):
    """What needs what, so that a change there is a suspect here."""

    when_empty = (
        "Name what a service does not work without: changes there are then suspects of its alerts."
    )
    list_display = ["service", "depends_on"]
    search_fields = ["service", "depends_on"]
