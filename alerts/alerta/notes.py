"""Act: notes on a document; they stand in the story of the gateway's alert, too."""

from uuid import uuid4

from django.db import transaction

from alerts.act import add_note
from alerts.alerta.follow import Row, add_note_to, note_followed
from alerts.alerta.hold import Operator, audit_document, hold_document, write_row
from alerts.formats.alerta.write import iso
from alerts.models import AlertaAlert
from opsportal.lib.errors import NotFoundError


@transaction.atomic
def note_document(number: str, text: str, operator: Operator) -> tuple[AlertaAlert, Row]:
    """Write something down: the document, and the note."""
    document = hold_document(number, operator)
    if document.episode_id is not None:
        add_note(document.episode_id, text, actor=operator.actor, now=operator.now)
        note_followed(document)
    else:
        audit_document(document, "note", operator, None, {"note": text})
    row = write_row(document, "note", operator, text, None, str(uuid4()))
    note = add_note_to(document, row)
    document.save()
    return document, note


@transaction.atomic
def change_note(
    number: str, note_id: str, text: str, operator: Operator
) -> tuple[AlertaAlert, Row]:
    """Write it anew; in the story of the gateway's alert both stand."""
    document = hold_document(number, operator)
    place = _note_place(document, note_id)
    before = document.notes[place]
    note = {**before, "text": text, "user": operator.actor.name}
    note["updateTime"] = iso(operator.moment)
    document.notes = [*document.notes[:place], note, *document.notes[place + 1 :]]
    audit_document(document, "note", operator, {"note": before["text"]}, {"note": text})
    document.save()
    return document, note


@transaction.atomic
def delete_note(number: str, note_id: str, operator: Operator) -> None:
    """Show it no more; the story of the gateway's alert keeps it."""
    document = hold_document(number, operator)
    place = _note_place(document, note_id)
    gone = document.notes[place]
    document.notes = [*document.notes[:place], *document.notes[place + 1 :]]
    write_row(document, "dismiss", operator, "note dismissed", None, note_id)
    audit_document(document, "note", operator, {"note": gone["text"]}, None)
    document.save()


def _note_place(document: AlertaAlert, note_id: str) -> int:
    for place, note in enumerate(document.notes):
        if note["id"] == note_id:
            return place
    raise NotFoundError("note not found")
