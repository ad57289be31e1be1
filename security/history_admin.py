"""The admin pages of what was configured: read here, written elsewhere."""

from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from opsportal.lib.admin import ReadOnlyAdmin, ShortPaginator, display, pretty_json, register
from security.collectors import collectors
from security.models import CloudAccount, CloudResource, Comment, ConfigRevision, Review
from security.search import resources_meant

_CLASSES = {"security": "danger", "operational": "info", "cosmetic": "success"}
_STATES = {"active": "success", "missing": "warning", "deleted": "danger"}


class FewPages(ShortPaginator):
    """As many rows as a person looks through: what is older is found by filters."""

    most = 500


class TechnologyFilter(SimpleListFilter):
    """By technology."""

    title = parameter_name = "technology"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Those that are collected."""
        return [(slug, found.label) for slug, found in collectors().items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """What was chosen."""
        return queryset.filter(technology=self.value()) if self.value() else queryset


class AccountFilter(SimpleListFilter):
    """By account."""

    title = parameter_name = "account"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Those that are watched."""
        rows = CloudAccount.objects.filter(kind="managed").values_list("account_id", "name")
        return list(rows[:200])

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """What was chosen."""
        return queryset.filter(account__account_id=self.value()) if self.value() else queryset


def _page_of(row: CloudResource | ConfigRevision) -> SafeString:
    return format_html('<a class="underline" href="{}">open</a>', row.get_absolute_url())


class _History(ReadOnlyAdmin):
    """A list leaves aside what may be long."""

    paginator = FewPages
    sortable_by = ()
    long: tuple[str, ...] = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """The rows, for a list without their configurations."""
        found: QuerySet[Any] = super().get_queryset(request)
        listed = getattr(request.resolver_match, "url_name", "").endswith("_changelist")
        return found.defer(*self.long) if listed else found

    @display(description="configuration")
    def config_shown(self, row: Any) -> SafeString:
        """As JSON."""
        return pretty_json(row.config)

    @display(description="tags")
    def tags_shown(self, row: Any) -> SafeString:
        """As JSON."""
        return pretty_json(row.tags)

    @display(description="page")
    def page(self, row: Any) -> SafeString:
        """Where people read it."""
        return _page_of(row)


@register(CloudResource)
class CloudResourceAdmin(_History):
    """What there is."""

    when_empty = "Resources appear here once an account is watched: Cloud security, Accounts."
    list_display = ["__str__", "technology", "account", "region", "state_label", "score", "page"]
    list_select_related = ["account"]
    list_filter = [TechnologyFilter, AccountFilter, "state"]
    search_fields = ["name"]
    search_help_text = "An ARN, an id, a name, tag=value, or words of the configuration."
    long = ("config", "unknown", "tags")
    fields = readonly_fields = [
        "page", "account", "region", "technology", "resource_id", "arn", "name", "unique_id",
        "state_label", "score", "full_score", "first_seen_at", "changed_at", "captured_at",
        "missing_at", "deleted_at", "revision_count", "tags_shown", "config_shown",
        "unknown_shown", "complete_hash", "durable_hash", "normaliser_version",
    ]  # fmt: skip

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """As the inventory's search box."""
        if not search_term.strip() or "\0" in search_term:
            return queryset, False
        return resources_meant(queryset, search_term), False

    @display(description="state", label=_STATES)
    def state_label(self, row: CloudResource) -> str:
        """In its colour."""
        return row.state

    @display(description="could not be read")
    def unknown_shown(self, row: CloudResource) -> SafeString:
        """As JSON."""
        return pretty_json(row.unknown)


@register(ConfigRevision)
class ConfigRevisionAdmin(_History):
    """What changed. Never edited: the database itself refuses it."""

    when_empty = "Every change of a configuration that is watched appears here."
    list_display = [
        "captured_at", "resource", "number", "kind", "summary", "actor", "class_label",
        "score_change", "page",
    ]  # fmt: skip
    list_select_related = ["resource"]
    list_filter = ["captured_at", TechnologyFilter, AccountFilter, "change_class", "attribution"]
    ordering = ["-captured_at", "-id"]
    long = ("config", "tags", "changes", "resource__config", "resource__unknown", "resource__tags")
    fields = readonly_fields = [
        "page", "resource", "number", "kind", "source", "class_label", "captured_at",
        "captured_before_at", "effective_at", "actor", "attribution", "score_change", "summary",
        "changes_shown", "tags_shown", "config_shown", "complete_hash", "durable_hash",
        "normaliser_version", "event_id",
    ]  # fmt: skip

    @display(description="class", label=_CLASSES)
    def class_label(self, row: ConfigRevision) -> str:
        """In its colour."""
        return row.change_class

    @display(description="changes")
    def changes_shown(self, row: ConfigRevision) -> SafeString:
        """As JSON."""
        return pretty_json(row.changes)


@register(Comment)
class CommentAdmin(ReadOnlyAdmin):
    """What people said."""

    list_display = ["at", "author", "resource", "text"]
    list_select_related = ["resource"]
    search_fields = ["author"]
    sortable_by = ()


@register(Review)
class ReviewAdmin(ReadOnlyAdmin):
    """Who looked at what."""

    list_display = ["at", "reviewer", "revision", "note"]
    list_select_related = ["revision"]
    search_fields = ["reviewer"]
    sortable_by = ()
