"""The admin pages of what the portal has looked at: ledgers, read only."""

from typing import Any

from django.http import HttpRequest

from certs.models import (
    Observation,
    Probe,
    Revocation,
    RevocationList,
    ServedCertificate,
    Validation,
)
from opsportal.lib.admin import ReadOnlyAdmin, register


@register(Observation)
class ObservationAdmin(ReadOnlyAdmin):
    """What addresses served."""

    list_display = ["last_seen_at", "endpoint", "address", "result", "tls_version", "serving"]
    list_select_related = ["endpoint"]
    list_filter = ["result", "serving"]
    ordering = ["-id"]
    sortable_by = ()


@register(ServedCertificate)
class ServedCertificateAdmin(ReadOnlyAdmin):
    """Which certificates were in their chains."""

    list_display = ["observation", "position", "certificate"]
    list_select_related = ["observation", "certificate"]
    ordering = ["-id"]
    sortable_by = ()


@register(Probe)
class ProbeAdmin(ReadOnlyAdmin):
    """Looks at endpoints."""

    list_display = ["asked_at", "endpoint", "state", "asked_by", "finished_at", "last_error"]
    list_select_related = ["endpoint"]
    list_filter = ["state"]
    ordering = ["-id"]
    sortable_by = ()


@register(Validation)
class ValidationAdmin(ReadOnlyAdmin):
    """Whether chains hold."""

    list_display = ["at", "observation", "store", "ok", "code", "depth", "message"]
    list_select_related = ["observation", "store"]
    list_filter = ["ok", "store"]
    ordering = ["-id"]
    sortable_by = ()


@register(Revocation)
class RevocationAdmin(ReadOnlyAdmin):
    """What issuers say."""

    list_display = ["certificate", "status", "via", "checked_at", "message"]
    list_select_related = ["certificate"]
    list_filter = ["status"]
    ordering = ["-id"]
    sortable_by = ()


@register(RevocationList)
class RevocationListAdmin(ReadOnlyAdmin):
    """Lists of what was revoked."""

    list_display = ["url", "entries", "this_update", "next_update", "fetched_at", "error"]
    search_fields = ["url"]
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> Any:
        """Without the lists themselves."""
        return super().get_queryset(request).defer("der")
