"""The admin pages of heartbeats."""

from typing import Any

from django.http import HttpRequest

from alerts.change import delete_heartbeat, save_heartbeat
from alerts.models import Heartbeat
from alerts.policy_forms import HeartbeatForm
from opsportal.accounts.actors import actor_of
from opsportal.accounts.team_owned_admin import TeamOwnedAdmin
from opsportal.lib.admin import display, register
from opsportal.lib.durations import write_duration
from opsportal.lib.times import utc_now

_STATE_LABELS = {
    "ok": "success", "new": "info", "missing": "danger", "failed": "danger", "off": "default",
}  # fmt: skip


@register(Heartbeat)
class HeartbeatAdmin(TeamOwnedAdmin):
    """Heartbeats, and how each stands."""

    form = HeartbeatForm
    list_display = ["name", "standing", "every", "last_seen_at", "due_at", "severity", "team"]
    list_select_related = ["team"]
    list_filter = ["state", "enabled", "team"]
    search_fields = ["name", "service"]
    readonly_fields = ["standing", "last_seen_at", "due_at", "message"]
    actions: Any = None
    fieldsets = [
        (None, {"fields": ["name", ("interval", "grace"), "team", "enabled"]}),
        ("Its alert", {"fields": [("severity", "service", "environment"), "labels"]}),
        ("How it stands", {"fields": [("standing", "last_seen_at", "due_at"), "message"]}),
    ]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """A new one does not stand anywhere yet."""
        return self.fieldsets if obj else self.fieldsets[:2]

    @display(description="state", label=_STATE_LABELS)
    def standing(self, heartbeat: Heartbeat) -> str:
        """How it stands, or that nobody asks."""
        return str(heartbeat.state) if heartbeat.enabled else "off"

    @display(description="every")
    def every(self, heartbeat: Heartbeat) -> str:
        """Interval and grace."""
        return f"{write_duration(heartbeat.interval)} + {write_duration(heartbeat.grace)}"

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """By the deed."""
        save_heartbeat(obj, actor=actor_of(request), now=utc_now())

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """By the deed."""
        delete_heartbeat(obj, actor=actor_of(request), now=utc_now())
