"""Ledgers. The locks and the switch are changed on the page *Safety*, where their deeds are."""

from django.utils.html import format_html
from django.utils.safestring import SafeString

from opsportal.lib.admin import ReadOnlyAdmin, display, register
from opsportal.safety.models import (
    Approval,
    JournalEntry,
    Leash,
    Operation,
    OperationTarget,
    Stop,
    Suspension,
)

_STATE_LABELS = {
    "done": "success",
    "failed": "danger",
    "unknown": "danger",
    "refused": "warning",
    "stopped": "warning",
    "waiting for approval": "info",
}


@register(Operation)
class OperationAdmin(ReadOnlyAdmin):
    """Plans, and what came of them."""

    list_display = ["id", "page", "requested_by", "state_label", "outcome", "dry_run", "created_at"]
    list_select_related = False
    list_filter = ["state", "plugin", "dry_run"]
    search_fields = ["requested_by", "outcome"]
    sortable_by = ()

    @display(description="plan")
    def page(self, operation: Operation) -> SafeString:
        """The operation's own page."""
        names = ", ".join(target["name"] for target in operation.targets or [])
        url = operation.get_absolute_url()
        return format_html('<a href="{}">{} {}</a>', url, operation.plugin, names)

    @display(description="state", label=_STATE_LABELS)
    def state_label(self, operation: Operation) -> str:
        """In colour."""
        return operation.state_text


@register(OperationTarget)
class OperationTargetAdmin(ReadOnlyAdmin):
    """What was acted on, and what is held."""

    list_display = ["key", "requester", "holds", "acted_at", "simulated"]
    list_select_related = False
    list_filter = ["holds", "simulated", "fleet"]
    search_fields = ["key"]
    sortable_by = ()


@register(Approval)
class ApprovalAdmin(ReadOnlyAdmin):
    """Who agreed to what."""

    list_display = ["at", "operation", "verdict", "actor", "note"]
    list_select_related = ["operation"]
    list_filter = ["verdict"]
    sortable_by = ()


@register(JournalEntry)
class JournalEntryAdmin(ReadOnlyAdmin):
    """What was announced before each call, and answered after it."""

    list_display = ["at", "operation", "kind", "call", "succeeded", "text"]
    list_select_related = ["operation"]
    list_filter = ["kind", "succeeded"]
    search_fields = ["text"]
    sortable_by = ()
    ordering = ["-id"]


@register(Leash)
class LeashAdmin(ReadOnlyAdmin):
    """The locks."""

    list_display = ["name", "armed", "changed_at", "changed_by"]
    list_select_related = False
    sortable_by = ()


@register(Stop)
class StopAdmin(ReadOnlyAdmin):
    """Each time that somebody pulled the switch."""

    list_display = ["stopped_at", "stopped_by", "why", "ended_at", "ended_by"]
    list_select_related = False
    sortable_by = ()


@register(Suspension)
class SuspensionAdmin(ReadOnlyAdmin):
    """Who helped too seldom."""

    list_display = ["name", "since", "why", "lifted_at", "lifted_by"]
    list_select_related = False
    sortable_by = ()
