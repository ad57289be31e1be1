"""The admin pages of certificates: what was found, read here."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from certs.models import Certificate, Lineage, Placement
from certs.search.meant import conditions_meant, narrow
from certs.wording import visible
from opsportal.lib.admin import ReadOnlyAdmin, display, pretty_json, register

_USES = {"served": "success", "placed": "info", "known": "warning"}
_MOST_NAMES = 500


@register(Certificate)
class CertificateAdmin(ReadOnlyAdmin):
    """What there is."""

    when_empty = "Certificates appear here as soon as a source has found some."
    list_display = ["shown", "not_after", "issuer_shown", "team", "use_label", "page"]
    list_select_related = ["team"]
    list_filter = ["use", "key_type", "is_ca", "team"]
    ordering = ["not_after", "id"]
    sortable_by = ()
    search_fields = ["title"]
    search_help_text = "A name, an address, a serial, a fingerprint, an issuer."
    fields = readonly_fields = [
        "page", "shown", "use_label", "subject_shown", "issuer_full", "serial", "not_before",
        "not_after", "names_shown", "key_type", "key_size", "key_curve", "signature_name",
        "signature_oid", "is_ca", "self_signed", "is_precertificate", "details_shown",
        "errors_shown", "sha256", "tbs_sha256", "spki_sha256", "subject_key", "issuer_key",
        "subject_key_id", "authority_key_id", "team", "environment", "service", "owned_by",
        "owner_pinned", "lineage", "replaced_by", "replacement_pinned", "retired_at",
        "retired_by", "retired_reason", "first_seen_at", "last_seen_at", "judge_at",
    ]  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """The rows, without what may be long."""
        found: QuerySet[Any] = super().get_queryset(request)
        listed = getattr(request.resolver_match, "url_name", "").endswith("_changelist")
        return found.defer("der", "details", "errors") if listed else found.defer("der")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """As the search box of their own list."""
        if not search_term.strip() or "\0" in search_term:
            return queryset, False
        return queryset.filter(narrow(*conditions_meant(search_term))), False

    @display(description="certificate")
    def shown(self, row: Certificate) -> str:
        """What people call it."""
        return visible(row)

    @display(description="issuer")
    def issuer_shown(self, row: Certificate) -> str:
        """What people call its issuer."""
        return visible(row.issuer_title)

    @display(description="subject")
    def subject_shown(self, row: Certificate) -> str:
        """In full."""
        return visible(row.subject)

    @display(description="issuer")
    def issuer_full(self, row: Certificate) -> str:
        """In full."""
        return visible(row.issuer)

    @display(description="use", label=_USES)
    def use_label(self, row: Certificate) -> str:
        """In its colour."""
        return row.use

    @display(description="names")
    def names_shown(self, row: Certificate) -> SafeString:
        """The first of them."""
        names = row.names.order_by("id")[:_MOST_NAMES]
        return format_html_join("\n", "<div>{}</div>", ((visible(name),) for name in names))

    @display(description="extensions")
    def details_shown(self, row: Certificate) -> SafeString:
        """As JSON."""
        return pretty_json(row.details)

    @display(description="what could not be read")
    def errors_shown(self, row: Certificate) -> SafeString:
        """As JSON."""
        return pretty_json(row.errors)

    @display(description="page")
    def page(self, row: Certificate) -> SafeString:
        """Where people read it."""
        return format_html('<a class="underline" href="{}">open</a>', row.get_absolute_url())


@register(Lineage)
class LineageAdmin(ReadOnlyAdmin):
    """Certificates that replace each other."""

    list_display = ["name", "created_at"]
    search_fields = ["name"]
    sortable_by = ()


@register(Placement)
class PlacementAdmin(ReadOnlyAdmin):
    """Where certificates are stored."""

    list_display = ["source", "locator", "certificate", "has_key", "first_seen_at", "gone_at"]
    list_select_related = ["source", "certificate"]
    list_filter = ["has_key", "source"]
    ordering = ["-id"]
    sortable_by = ()
