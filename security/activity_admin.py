"""Calls of a cloud's API in the admin: read here, recorded by the trail."""

from typing import Any

from django.http import HttpRequest
from django.utils.safestring import SafeString

from opsportal.lib.admin import ReadOnlyAdmin, ShortPaginator, display, pretty_json, register
from security.models import ApiActivity, TrailError


@register(ApiActivity)
class ApiActivityAdmin(ReadOnlyAdmin):
    """Who called what."""

    paginator = ShortPaginator
    when_empty = (
        "Calls appear here once an account names a queue of CloudTrail's events; "
        "docs/security-events.md says how."
    )
    list_display = [
        "at", "service", "action", "actor", "tool", "account", "region", "error_code",
    ]  # fmt: skip
    list_select_related = ["account"]
    list_filter = ["at", "account", "via"]
    search_fields = ["=event_id", "=actor", "=action"]
    search_help_text = "A whole event id, actor or action."
    sortable_by = ()
    fields = [
        "event_id", "account", "region", "at", "received_at", "service", "action", "actor",
        "principal_type", "principal_arn", "session_name", "source_address", "user_agent", "tool",
        "mfa", "error_code", "via", "request_shown", "change_id", "handled_at",
    ]  # fmt: skip
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> Any:
        """Without requests, which only their own pages show."""
        found = super().get_queryset(request)
        name = getattr(request.resolver_match, "url_name", "")
        return found.defer("request") if name == "security_apiactivity_changelist" else found

    @display(description="request")
    def request_shown(self, activity: ApiActivity) -> SafeString:
        """As JSON."""
        return pretty_json(activity.request)


@register(TrailError)
class TrailErrorAdmin(ReadOnlyAdmin):
    """What of a trail could not be used."""

    paginator = ShortPaginator
    when_empty = "What of a trail's messages cannot be used is counted here."
    list_display = ["last_at", "account", "kind", "what", "count", "message"]
    list_select_related = ["account"]
    list_filter = ["kind", "account"]
    sortable_by = ()
    fields = ["account", "kind", "what", "message", "body", "count", "first_at", "last_at"]
    readonly_fields = fields
