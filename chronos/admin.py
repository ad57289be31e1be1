"""Admin pages of the timeline."""

from typing import Any

from django.http import HttpRequest

from chronos.alias import delete_alias, save_alias
from chronos.event_admin import ChangeEventAdmin
from chronos.freeze_admin import FreezeAdmin, ViolationAdmin
from chronos.models import (
    Alias,
    ChangeCount,
    Dependency,
    KnownName,
    SourceExpectation,
)
from opsportal.accounts.actors import actor_of
from opsportal.accounts.audited_admin import AuditedAdmin
from opsportal.lib.admin import PortalAdmin, ReadOnlyAdmin, register
from opsportal.lib.times import utc_now

__all__ = ["ChangeEventAdmin", "DependencyAdmin", "FreezeAdmin", "ViolationAdmin"]


@register(Dependency)
class DependencyAdmin(AuditedAdmin):
    """What needs what, so that a change there is a suspect here."""

    when_empty = (
        "Name what a service does not work without: changes there are then suspects of its alerts."
    )
    list_display = ["service", "depends_on"]
    search_fields = ["service", "depends_on"]


@register(Alias)
class AliasAdmin(PortalAdmin):
    """Names that mean the same as others."""

    list_display = ["field", "name", "canonical", "created_at", "applied_at"]
    list_select_related = False
    list_filter = ["field"]
    search_fields = ["name", "canonical"]
    fields = ["field", "name", "canonical"]
    actions: Any = None

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """By the deed."""
        save_alias(obj, actor=actor_of(request), now=utc_now())

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """By the deed."""
        delete_alias(obj, actor=actor_of(request), now=utc_now())


@register(SourceExpectation)
class SourceExpectationAdmin(AuditedAdmin):
    """How often sources are to be heard of, where their habits do not say it well."""

    list_display = ["source", "watched", "every", "note"]
    list_select_related = False
    search_fields = ["source", "note"]


@register(KnownName)
class KnownNameAdmin(ReadOnlyAdmin):
    """What changes name things by."""

    list_display = ["field", "name", "first_seen_at", "last_seen_at", "mentioned_at"]
    list_select_related = False
    list_filter = ["field"]
    search_fields = ["name"]
    sortable_by = ()


@register(ChangeCount)
class ChangeCountAdmin(ReadOnlyAdmin):
    """Changes by the hour: kept when the changes are gone."""

    list_display = ["hour", "kind", "environment", "source", "status", "count"]
    list_select_related = False
    list_filter = ["hour"]
    search_fields = ["source", "kind", "environment"]
    ordering = ["-hour", "-id"]
    sortable_by = ()
