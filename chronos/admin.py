"""Admin pages of the timeline."""

from chronos.models import ChangeEvent
from opsportal.lib.admin import ReadOnlyAdmin, register


@register(ChangeEvent)
class ChangeEventAdmin(ReadOnlyAdmin):
    """What changed: read here, recorded elsewhere."""

    list_display = ["started_at", "kind", "title", "status", "actor", "service", "environment"]
    list_select_related = False
    list_filter = ["started_at"]
    search_fields = ["title", "kind", "actor", "service", "subject"]
    sortable_by = ()
