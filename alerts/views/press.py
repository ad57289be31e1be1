"""What people press: one deed for one alert or for many, then back to where they were."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from alerts.act import act_on_alerts
from alerts.models import Alert
from alerts.views.rows import number_of
from opsportal.accounts.actors import actor_of
from opsportal.accounts.pages import portal_page
from opsportal.accounts.permissions import can_respond
from opsportal.lib.api import parse_future
from opsportal.lib.errors import FieldError, PayloadError
from opsportal.lib.times import utc_now

# Django takes a thousand fields of a form.
MOST = 500
# Action -> (what was done, what was the case already).
WORDS: Mapping[str, tuple[str, str]] = {
    "acknowledge": ("acknowledged", "was already"),
    "unacknowledge": ("handed back", "was not acknowledged"),
    "resolve": ("resolved", "was already"),
    "assign": ("assigned", "was already"),
    "snooze": ("snoozed", "could not be"),
    "unsnooze": ("woken", "was not snoozed"),
    "note": ("noted", "could not be"),
}


@portal_page
@require_POST
def act(request: HttpRequest) -> HttpResponse:
    """Do it and say what came of it."""
    action, _, value = request.POST.get("action", "").partition(":")
    back = request.POST.get("next", "")
    if not back.startswith("/") or not url_has_allowed_host_and_scheme(back, None):
        back = "/alerts/"
    try:
        _act(request, action, value)
    except PayloadError as error:
        messages.error(request, error.message)
    return HttpResponseRedirect(back)


def _act(request: HttpRequest, action: str, value: str) -> None:
    if action not in WORDS:
        raise PayloadError("Choose what to do.", [FieldError("action", "unknown")])
    ids = _ids(request)
    now = utc_now()
    arguments = _arguments(request, action, value, now)
    teams = dict(Alert.objects.filter(pk__in=ids).values_list("pk", "team_id"))
    mine = [pk for pk in ids if pk in teams and can_respond(request.user, teams[pk])]
    if teams and not mine:
        raise PermissionDenied("Only responders of the alert's team may do this.")
    outcomes = act_on_alerts(action, mine, actor=actor_of(request), now=now, **arguments)
    counts = Counter(outcome for _, outcome, _ in outcomes)
    counts["foreign"] = len(teams) - len(mine)
    _tell(request, action, counts, outcomes)


def _ids(request: HttpRequest) -> list[int]:
    texts = request.POST.getlist("alert")
    ids = [number for text in texts if (number := number_of(text)) is not None]
    if not ids:
        raise PayloadError("Select at least one alert first.")
    if len(ids) > MOST:
        raise PayloadError(f"At most {MOST} alerts at once.")
    return list(dict.fromkeys(ids))


def _arguments(request: HttpRequest, action: str, value: str, now: datetime) -> dict[str, Any]:
    note = request.POST.get("note", "").strip()
    if action == "snooze":
        text = request.POST.get("until", "") if value == "until" else value
        return {"until": parse_future(text, now=now, field="until")}
    if action == "assign":
        chosen = str(request.user.pk) if value == "me" else request.POST.get("assignee", "")
        return {"user_id": number_of(chosen)}
    if action == "note" and not note:
        raise PayloadError("Write the note first.")
    return {"note": note}


def _tell(
    request: HttpRequest,
    action: str,
    counts: Counter[str],
    outcomes: Sequence[tuple[int, str, str]],
) -> None:
    """One sentence: `12 acknowledged, 1 was already`."""
    done, already = WORDS[action]
    parts = [f"{counts['done']} {done}"] if counts["done"] else []
    if counts["conflict"]:
        parts.append(f"{counts['conflict']} {already}")
    if counts["foreign"]:
        parts.append(f"{counts['foreign']} left alone: of teams you do not respond for")
    if other := counts.total() - counts["done"] - counts["conflict"] - counts["foreign"]:
        parts.append(f"{other} failed")
    text = ", ".join(parts) or "Nothing was done"
    failed = [message for _, outcome, message in outcomes if outcome != "done" and message]
    if len(outcomes) == 1 and failed:
        text = failed[0]
    level = messages.SUCCESS if counts["done"] else messages.WARNING
    messages.add_message(request, level, text[0].upper() + text[1:].rstrip(".") + ".")
