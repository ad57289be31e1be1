"""Saved views of the console are changed here."""

from datetime import datetime

from django.db import transaction

from alerts.change.record import State, check_columns, save_row, team_name
from alerts.models import SavedView
from opsportal.accounts.actors import Actor
from opsportal.accounts.audit import record_audit
from opsportal.lib.errors import FieldError, PayloadError


def save_view(view: SavedView, *, actor: Actor, now: datetime) -> bool:
    """Store a new or changed view; whether anything was different.

    Raises PayloadError, ConflictError.
    """
    with transaction.atomic():
        stored = SavedView.objects.select_for_update().filter(pk=view.pk).first()
        view.name = view.name.strip()
        if "\0" in view.name + view.query:
            message = "must hold no NUL"
            raise PayloadError(f"The view {message}.", [FieldError("name", message)])
        check_columns(view)
        before = view_state(stored) if stored else None
        after = view_state(view)
        if before == after:
            return False
        save_row(view)
        action = "change" if before else "create"
        record_audit(actor, action, view, before=before, after=after, now=now)
    return True


def delete_view(view: SavedView, *, actor: Actor, now: datetime) -> None:
    """Forget a view; the search it names still works."""
    with transaction.atomic():
        record_audit(actor, "delete", view, before=view_state(view), now=now)
        view.delete()


def view_state(view: SavedView) -> State:
    """A view for the trail."""
    return {
        "name": view.name,
        "query": view.query,
        "user": view.user.username if view.user else "",
        "team": team_name(view.team),
    }
