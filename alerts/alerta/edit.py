"""Act: what operators change of a document's words, or that it is gone."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from alerts.alerta.hold import Operator, audit_document, hold_document, state_of
from alerts.alerta.settle import tell_asked
from alerts.formats.alerta.alarm import CLOSED
from alerts.formats.alerta.body import MOST_WORDS, merge_attributes
from alerts.models import AlertaAlert
from opsportal.lib.errors import NotFoundError


@transaction.atomic
def change_tags(
    number: str, operator: Operator, *, add: Sequence[str] = (), remove: Sequence[str] = ()
) -> AlertaAlert:
    """Add tags, or take them away."""
    document = hold_document(number, operator)
    before = list(document.tags)
    kept = [tag for tag in dict.fromkeys([*before, *add]) if tag not in remove]
    document.tags = kept[:MOST_WORDS]
    if document.tags != before:
        audit_document(document, "tag", operator, {"tags": before}, {"tags": document.tags})
    document.save()
    return document


@transaction.atomic
def change_attributes(
    number: str, attributes: Mapping[str, Any], operator: Operator
) -> AlertaAlert:
    """Set some; null takes one away."""
    document = hold_document(number, operator)
    before = dict(document.attributes)
    merged = merge_attributes(before, attributes)
    document.attributes = {name: value for name, value in merged.items() if value is not None}
    if document.attributes != before:
        states = ({"attributes": before}, {"attributes": document.attributes})
        audit_document(document, "change", operator, *states)
    document.save()
    return document


@transaction.atomic
def delete_document(
    number: str, operator: Operator, *, among: QuerySet[AlertaAlert] | None = None
) -> None:
    """It is gone; what it was to the gateway is over, and stays in its history.

    Raises NotFoundError, ForbiddenError; NotFoundError, too, when it is not among those any more.
    """
    document = hold_document(number, operator)
    if among is not None and not among.filter(pk=document.pk).exists():
        raise NotFoundError("not found")
    before = state_of(document)
    document.status = CLOSED
    tell_asked(document, actor=operator.actor, note="Deleted in Alerta.", now=operator.now)
    audit_document(document, "delete", operator, before, None)
    document.delete()
