"""Admin pages that leave the trail."""

from typing import Any

from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from opsportal.accounts.actors import actor_of
from opsportal.accounts.audit import audit_state, difference, record_audit
from opsportal.lib.admin import PortalAdmin
from opsportal.lib.times import utc_now


def _states(objects: QuerySet[Any]) -> dict[Any, dict[str, Any]]:
    return {found.pk: audit_state(found) for found in objects}


class AuditedAdmin(PortalAdmin):
    """Every row that is added, changed or deleted here leaves an audit entry with it.

    Pages whose deeds write their own entries extend PortalAdmin instead.
    """

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        """Save, with the entry in the same transaction."""
        manager = type(obj)._default_manager
        before = audit_state(manager.get(pk=obj.pk)) if change else None
        super().save_model(request, obj, form, change)
        self._record(request, obj, before)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Save inline rows, with an entry for each that was touched."""
        known = [f.instance.pk for f in formset.initial_forms if f.instance.pk is not None]
        before = _states(formset.model._default_manager.filter(pk__in=known))
        deleted = {id(f.instance): f.instance.pk for f in formset.deleted_forms}
        super().save_formset(request, form, formset, change)
        for obj in formset.new_objects:
            self._record(request, obj, None)
        for obj, _fields in formset.changed_objects:
            self._record(request, obj, before[obj.pk])
        for obj in formset.deleted_objects:
            obj.pk = obj.pk or deleted[id(obj)]
            record_audit(actor_of(request), "delete", obj, before=before[obj.pk], now=utc_now())

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        """Delete, with the entry in the same transaction."""
        record_audit(
            actor_of(request), "delete", obj, before=_stored(obj), after=None, now=utc_now()
        )
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Delete what was ticked in the list, with an entry for each."""
        actor, now = actor_of(request), utc_now()
        with transaction.atomic():
            for obj in queryset:
                record_audit(actor, "delete", obj, before=audit_state(obj), now=now)
            super().delete_queryset(request, queryset)

    def _record(self, request: HttpRequest, obj: Model, before: dict[str, Any] | None) -> None:
        actor, now, after = actor_of(request), utc_now(), _stored(obj)
        if before is None:
            record_audit(actor, "create", obj, after=after, now=now)
            return
        before, after = difference(before, after)
        if before or after:
            record_audit(actor, "change", obj, before=before, after=after, now=now)


def _stored(obj: Model) -> dict[str, Any]:
    """The row as the database has it."""
    return audit_state(type(obj)._default_manager.get(pk=obj.pk))
