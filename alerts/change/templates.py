"""Message templates are changed here, by pages and files alike."""

from datetime import datetime

from django.db import transaction

from alerts.change.record import (
    State,
    check_columns,
    record_deleted,
    record_saved,
    save_row,
    team_name,
)
from alerts.compose import compose_example, wording_of
from alerts.models import Channel, MessageTemplate
from alerts.wording import check_wording
from opsportal.accounts.actors import Actor
from opsportal.lib.errors import ConflictError


def save_template(template: MessageTemplate, *, actor: Actor, now: datetime) -> bool:
    """Store a new or changed template that can be filled in; whether anything was different.

    Raises PayloadError, ConflictError.
    """
    with transaction.atomic():
        stored = MessageTemplate.objects.select_for_update().filter(pk=template.pk).first()
        check_columns(template)
        check_wording(template.subject, template.body, wording_of(compose_example(now)))
        before = template_state(stored) if stored else None
        after = template_state(template)
        if before == after:
            return False
        save_row(template)
        record_saved(template, before, after, actor=actor, now=now)
    return True


def delete_template(template: MessageTemplate, *, actor: Actor, now: datetime) -> None:
    """Remove a template that no channel uses. Raises ConflictError."""
    with transaction.atomic():
        users = Channel.objects.filter(template=template).values_list("name", flat=True)
        if names := ", ".join(users):
            raise ConflictError(
                f"The template {template.name} is used by: {names}. Change these channels first."
            )
        record_deleted(template, template_state(template), actor=actor, now=now)
        template.delete()


def template_state(template: MessageTemplate) -> State:
    """A template for the trail."""
    return {
        "name": template.name,
        "subject": template.subject,
        "body": template.body,
        "team": team_name(template.team),
    }
