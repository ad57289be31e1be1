"""The admin pages of changes."""

from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from chronos.fulltext import with_texts
from chronos.models import ChangeEvent, KnownName
from chronos.normalise import KINDS, STATUSES
from chronos.search import MOST_WORDS, TEXT_WITHIN, split_text
from opsportal.lib.admin import ReadOnlyAdmin, ShortPaginator, display, pretty_json, register
from opsportal.lib.times import utc_now

_STATUS_LABELS = {
    "planned": "info", "started": "info", "succeeded": "success", "failed": "danger",
    "cancelled": "warning",
}  # fmt: skip
# What a list does not show.
_LONG = ("body", "data", "before", "after", "labels", "links")
# Names of each kind.
_OFFERED = 100


class _OneOf(SimpleListFilter):
    """By the value of a column, of values that are known beforehand."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """What was chosen."""
        chosen = self.value()
        return queryset.filter(**{str(self.parameter_name): chosen}) if chosen else queryset


class _Known(_OneOf):
    """Of the names that changes were told with, and the one that the address names."""

    usual: tuple[str, ...] = ()

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The first of them: who has more types one into the address."""
        field = str(self.parameter_name)
        known = KnownName.objects.filter(field=field).order_by("name")
        names = known.values_list("name", flat=True)[:_OFFERED]
        found = dict.fromkeys((*self.usual, *names, request.GET.get(field, "")[:100]))
        return [(name, name) for name in found if name]


class KindFilter(_Known):
    """By kind."""

    title = parameter_name = "kind"
    usual = KINDS


class EnvironmentFilter(_Known):
    """By environment."""

    title = parameter_name = "environment"


class StatusFilter(_OneOf):
    """By status."""

    title = parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """All there are."""
        return [(status, status) for status in STATUSES]


class FewPages(ShortPaginator):
    """As many rows as a person looks through: what is older is found by filters."""

    most = 500


@register(ChangeEvent)
class ChangeEventAdmin(ReadOnlyAdmin):
    """What changed: read here, recorded elsewhere."""

    paginator = FewPages
    when_empty = (
        "Whatever changes appears here once it is reported. docs/chronos.md says how: "
        "POST /api/v1/events, or the address of a tool that reports already."
    )
    list_display = [
        "started_at", "what", "title", "status_label", "service", "environment", "version", "actor",
        "source",
    ]  # fmt: skip
    list_select_related = False
    list_filter = ["started_at", KindFilter, StatusFilter, EnvironmentFilter]
    # What these name is not asked for: the index of words is. They make the search box appear.
    search_fields = ["title"]
    search_help_text = (
        'Whole words of title, body, service and tags; "in quotes": in a row. '
        f"Of the last {TEXT_WITHIN.days} days, unless a date is chosen."
    )
    sortable_by = ()
    fieldsets = [
        (None, {"fields": ["title", "what", "status_label", "body", "tags_shown", "links_shown"]}),
        (
            "When",
            {
                "fields": [
                    "started_at", "ended_at", "expected_end_at", "recorded_at", "updated_at",
                    "reports", "late", "skewed",
                ]
            },
        ),
        ("Where", {"fields": ["service", "environment", "region", "team", "scope"]}),
        (
            "Of what",
            {
                "fields": [
                    "version", "previous_version", "artifact", "commit", "repository", "subject",
                    "severity", "before_shown", "after_shown",
                ]
            },
        ),
        ("By whom", {"fields": ["actor", "actor_type", "actor_email"]}),
        (
            "As it was reported",
            {
                "fields": [
                    "source", "external_id", "correlation_id", "causation_id", "labels_shown",
                    "data_shown",
                ]
            },
        ),
    ]  # fmt: skip
    readonly_fields = [name for _, options in fieldsets for name in options["fields"]]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ChangeEvent]:
        """A list leaves aside what may be long."""
        found: QuerySet[ChangeEvent] = super().get_queryset(request)
        listed = getattr(request.resolver_match, "url_name", "") == "chronos_changeevent_changelist"
        return (
            found.defer("body", "data", "before", "after", "labels", "links") if listed else found
        )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By the index of words."""
        words, phrases = split_text(search_term)
        if not (words or phrases):
            return queryset, False
        if not any(name.startswith("started_at") for name in request.GET):
            queryset = queryset.filter(started_at__gte=utc_now() - TEXT_WITHIN)
        found = with_texts(queryset, words=words[:MOST_WORDS], phrases=phrases[:MOST_WORDS])
        return found, False

    @display(description="what", ordering="kind")
    def what(self, event: ChangeEvent) -> str:
        """Kind and action."""
        return event.what

    @display(description="status", label=_STATUS_LABELS)
    def status_label(self, event: ChangeEvent) -> str:
        """In its colour."""
        return event.status

    @display(description="tags")
    def tags_shown(self, event: ChangeEvent) -> str:
        """One after the other."""
        return ", ".join(event.tags)

    @display(description="links")
    def links_shown(self, event: ChangeEvent) -> SafeString:
        """To open."""
        links = (
            (link.get("href", ""), link.get("text") or link.get("href", "")) for link in event.links
        )
        anchor = '<a class="underline" rel="noopener noreferrer" href="{}">{}</a>'
        return format_html_join(SafeString("<br>"), anchor, links)

    @display(description="before")
    def before_shown(self, event: ChangeEvent) -> SafeString:
        """As JSON."""
        return pretty_json(event.before)

    @display(description="after")
    def after_shown(self, event: ChangeEvent) -> SafeString:
        """As JSON."""
        return pretty_json(event.after)

    @display(description="labels")
    def labels_shown(self, event: ChangeEvent) -> SafeString:
        """As JSON."""
        return pretty_json(event.labels)

    @display(description="data")
    def data_shown(self, event: ChangeEvent) -> SafeString:
        """As JSON."""
        return pretty_json(event.data)
