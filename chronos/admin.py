"""Admin pages of the timeline."""

from chronos.event_admin import ChangeEventAdmin
from chronos.models import Dependency
from opsportal.accounts.audited_admin import AuditedAdmin
from opsportal.lib.admin import register

__all__ = ["ChangeEventAdmin", "DependencyAdmin"]


@register(Dependency)
class DependencyAdmin(AuditedAdmin):
    """What needs what, so that a change there is a suspect here."""

    when_empty = (
        "Name what a service does not work without: changes there are then suspects of its alerts."
    )
    list_display = ["service", "depends_on"]
    search_fields = ["service", "depends_on"]
