"""The admin pages of what is wrong with certificates."""

from typing import Any

from django.http import HttpRequest
from django.utils.safestring import SafeString

from certs.kinds import KINDS
from certs.models import Crossing, Finding
from opsportal.lib.admin import ReadOnlyAdmin, display, pretty_json, register

_SEVERITIES = {"critical": "danger", "high": "warning", "warning": "warning", "low": "info"}


@register(Finding)
class FindingAdmin(ReadOnlyAdmin):
    """What is wrong."""

    when_empty = "Nothing was found wrong yet."
    list_display = ["opened_at", "kind_label", "severity_label", "summary", "closed_at"]
    list_filter = ["closed_at", "severity"]
    ordering = ["-id"]
    sortable_by = ()
    fields = readonly_fields = [
        "kind_label", "severity_label", "summary", "certificate", "endpoint", "source",
        "facts_shown", "threshold", "opened_at", "severity_at", "judged_at", "closed_at",
        "closed_reason", "to_tell", "told_severity", "told_at", "fingerprint",
    ]  # fmt: skip

    @display(description="kind")
    def kind_label(self, row: Finding) -> str:
        """In words."""
        return KINDS[row.kind].title if row.kind in KINDS else row.kind

    @display(description="severity", label=_SEVERITIES)
    def severity_label(self, row: Finding) -> str:
        """In its colour."""
        return row.severity or "noted"

    @display(description="facts")
    def facts_shown(self, row: Finding) -> SafeString:
        """As JSON."""
        return pretty_json(row.facts)

    def get_queryset(self, request: HttpRequest) -> Any:
        """With what it is about."""
        return super().get_queryset(request).select_related("certificate", "endpoint", "source")


@register(Crossing)
class CrossingAdmin(ReadOnlyAdmin):
    """Thresholds that findings crossed."""

    list_display = ["noticed_at", "due_at", "threshold", "severity", "policy", "finding"]
    list_select_related = ["finding"]
    ordering = ["-id"]
    sortable_by = ()
