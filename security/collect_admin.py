"""Collecting in the admin: read here, written by the collections themselves."""

from opsportal.lib.admin import ReadOnlyAdmin, ShortPaginator, register
from security.models import Collection, CollectorError, Scope


@register(Scope)
class ScopeAdmin(ReadOnlyAdmin):
    """What is watched where."""

    paginator = ShortPaginator
    when_empty = "Scopes are made within seconds of an account's being saved."
    list_display = [
        "technology", "account", "region", "outcome", "complete_at", "listed", "errors",
        "failures", "error_code",
    ]  # fmt: skip
    list_select_related = ["account"]
    list_filter = ["outcome", "account", "enabled"]
    search_fields = ["=technology", "=region"]
    search_help_text = "A whole technology or region."
    sortable_by = ()
    fields = [
        "account", "region", "technology", "enabled", "watched_since", "outcome", "started_at",
        "finished_at", "complete_at", "next_at", "listed", "failures", "errors", "error_code",
        "error_message", "request_id", "held", "passes", "generation",
    ]  # fmt: skip
    readonly_fields = fields


@register(Collection)
class CollectionAdmin(ReadOnlyAdmin):
    """Each asking of a scope."""

    paginator = ShortPaginator
    when_empty = "Collections appear here once an account is watched."
    list_display = [
        "asked_at", "scope", "reason", "state", "outcome", "listed", "created", "changed",
        "missing", "http_calls", "throttles", "duration_ms", "error_code",
    ]  # fmt: skip
    list_select_related = ["scope__account"]
    list_filter = ["outcome", "reason", "state"]
    sortable_by = ()
    fields = [
        "scope", "reason", "targets", "state", "attempts", "asked_at", "due_at", "started_at",
        "finished_at", "outcome", "listed", "created", "changed", "missing", "http_calls",
        "throttles", "duration_ms", "error_code", "error_message", "request_id", "last_error",
    ]  # fmt: skip
    readonly_fields = fields


@register(CollectorError)
class CollectorErrorAdmin(ReadOnlyAdmin):
    """What could not be read."""

    paginator = ShortPaginator
    when_empty = "What cannot be read is counted here, with the permission to grant."
    list_display = [
        "last_at", "scope", "resource_id", "facet", "resources", "outcome", "code", "action",
        "count", "first_at", "cleared_at",
    ]  # fmt: skip
    list_select_related = ["scope__account"]
    list_filter = ["outcome", "scope__account"]
    search_fields = ["=code", "=action", "=resource_id"]
    search_help_text = "A whole code, permission or resource id."
    sortable_by = ()
    fields = [
        "scope", "resource_id", "facet", "resources", "outcome", "code", "message", "action",
        "count", "first_at", "last_at", "cleared_at",
    ]  # fmt: skip
    readonly_fields = fields
