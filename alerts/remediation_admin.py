"""The list of remediations."""

from django.utils.html import format_html
from django.utils.safestring import SafeString

from alerts.models import Remediation
from opsportal.lib.admin import ReadOnlyAdmin, display, register


@register(Remediation)
class RemediationAdmin(ReadOnlyAdmin):
    """What rules wanted done; each has a page of its own."""

    list_display = ["id", "page", "rule", "alert_page", "reported", "outcome", "created_at"]
    list_select_related = ["alert", "rule", "operation"]
    list_filter = ["plugin", "reported", "state"]
    sortable_by = ()

    @display(description="remediation")
    def page(self, remediation: Remediation) -> SafeString:
        """The remediation's own page."""
        url = remediation.get_absolute_url()
        return format_html('<a href="{}">{}</a>', url, remediation.plugin)

    @display(description="alert")
    def alert_page(self, remediation: Remediation) -> SafeString:
        """The alert's own page."""
        alert = remediation.alert
        return format_html('<a href="{}">{}</a>', alert.get_absolute_url(), alert.name)

    @display(description="outcome")
    def outcome(self, remediation: Remediation) -> str:
        """What came of it."""
        return remediation.operation.outcome[:160] if remediation.operation else ""
