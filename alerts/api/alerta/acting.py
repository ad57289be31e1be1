"""Acting on one alert."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from alerts.alerta.edit import change_attributes, change_tags, delete_document
from alerts.alerta.find import find_document
from alerts.alerta.follow import show_followed
from alerts.alerta.notes import change_note, delete_note, note_document
from alerts.alerta.respond import act_on_document, set_status
from alerts.api.alerta.base import AlertaView, answer_list, answer_ok, body_of, operator_of
from alerts.formats.alerta.alarm import STATUSES
from alerts.formats.alerta.body import attributes_of, text_of, timeout_of, words_of
from alerts.formats.alerta.write import endpoint, write_alert, write_note
from opsportal.lib.errors import FieldError, PayloadError

LONGEST_TEXT, LONGEST_ACTION = 10_000, 100


class AlertDetail(AlertaView):
    """`/alert/{id}`."""

    def get(self, request: Request, number: str) -> Response:
        """It, with its history."""
        document = find_document(number)
        show_followed([document])
        return answer_ok(total=1, alert=write_alert(document))

    def delete(self, request: Request, number: str) -> Response:
        """Forget it."""
        delete_document(number, operator_of(request))
        return answer_ok()


class AlertStatus(AlertaView):
    """`PUT /alert/{id}/status`."""

    def put(self, request: Request, number: str) -> Response:
        """Set it by hand."""
        given = body_of(request)
        status = _needed(given, "status")
        if not isinstance(status, str) or status not in STATUSES:
            known = ", ".join(STATUSES)
            raise _refused("status", f"Status ({str(status)[:60]}) is not one of {known}")
        text, timeout = _words(given, "")
        set_status(number, status, operator_of(request), text=text, timeout=timeout)
        return answer_ok()


class AlertAction(AlertaView):
    """`PUT /alert/{id}/action`."""

    def put(self, request: Request, number: str) -> Response:
        """Do what is asked for; an action of nobody's is only written down."""
        given = body_of(request)
        _needed(given, "action")
        action = text_of(given, "action", LONGEST_ACTION)
        text, timeout = _words(given, f"{action} operator action")
        act_on_document(number, action, operator_of(request), text=text, timeout=timeout)
        return answer_ok()


class AlertTag(AlertaView):
    """`PUT /alert/{id}/tag`."""

    def put(self, request: Request, number: str) -> Response:
        """Add tags."""
        change_tags(number, operator_of(request), add=_tags(body_of(request)))
        return answer_ok()


class AlertUntag(AlertaView):
    """`PUT /alert/{id}/untag`."""

    def put(self, request: Request, number: str) -> Response:
        """Take tags away."""
        change_tags(number, operator_of(request), remove=_tags(body_of(request)))
        return answer_ok()


class AlertAttributes(AlertaView):
    """`PUT /alert/{id}/attributes`."""

    def put(self, request: Request, number: str) -> Response:
        """Set some; null takes one away."""
        _needed(body_of(request), "attributes")
        change_attributes(number, attributes_of(body_of(request)), operator_of(request))
        return answer_ok()


class AlertNote(AlertaView):
    """`PUT /alert/{id}/note`."""

    def put(self, request: Request, number: str) -> Response:
        """Write something down."""
        given = body_of(request)
        text = text_of(given, "text", LONGEST_TEXT) or text_of(given, "note", LONGEST_TEXT)
        if not text.strip():
            raise _refused("text", "must supply 'note' text")
        document, note = note_document(number, text, operator_of(request))
        response = answer_ok(201, id=note["id"], note=write_note(document, note))
        response["Location"] = endpoint(f"/alert/{document.id}/note/{note['id']}")
        return response


class AlertNotes(AlertaView):
    """`GET /alert/{id}/notes`."""

    def get(self, request: Request, number: str) -> Response:
        """All of them."""
        document = find_document(number)
        show_followed([document], notes=True)
        return answer_list("notes", [write_note(document, note) for note in document.notes])


class NoteDetail(AlertaView):
    """`/alert/{id}/note/{note}`."""

    def put(self, request: Request, number: str, note_id: str) -> Response:
        """Write it anew."""
        if not body_of(request):
            raise PayloadError("nothing to change")
        text = text_of(body_of(request), "text", LONGEST_TEXT)
        document, note = change_note(number, note_id, text, operator_of(request))
        return answer_ok(note=write_note(document, note))

    def delete(self, request: Request, number: str, note_id: str) -> Response:
        """Show it no more."""
        delete_note(number, note_id, operator_of(request))
        return answer_ok()


def _needed(given: Any, name: str) -> Any:
    if not given.get(name):
        raise _refused(name, f"must supply '{name}' as json data")
    return given[name]


def _words(given: Any, default: str) -> tuple[str, int | None]:
    """What is said to it, and for how long it shall hold."""
    text = text_of(given, "text", LONGEST_TEXT) if given.get("text") is not None else default
    return text, None if given.get("timeout") is None else timeout_of(given, 0)


def _tags(given: Any) -> list[str]:
    tags = words_of(given, "tags")
    if not tags:
        raise _refused("tags", "must supply 'tags' as json list")
    return tags


def _refused(name: str, message: str) -> PayloadError:
    return PayloadError(message, [FieldError(name, message)])
