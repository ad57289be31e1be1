"""One episode: what it is, what happened, who was told and why, what changed just before."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from alerts.correlate import related_alerts
from alerts.escalate import with_others
from alerts.explain import Explained, Explanation, explain_alert
from alerts.models import Alert, DeliveryAttempt, Notification, Transition
from alerts.suspect import accuse
from alerts.views.rows import people, takers
from alerts.views.strip import draw_strip
from opsportal.accounts.pages import portal_page, render_live
from opsportal.accounts.permissions import can_respond
from opsportal.lib.matchers import Matcher, Matchers
from opsportal.lib.times import utc_now

# Of an alert that flaps for weeks, the latest are what matters.
MOST_TRANSITIONS, MOST_NOTIFICATIONS, MOST_ATTEMPTS, MOST_WALKS = 200, 100, 400, 20


@dataclass(frozen=True, slots=True)
class Step:
    """One transition with the decision it led to."""

    transition: Transition
    decision: Explained | None


@dataclass(frozen=True, slots=True)
class Telling:
    """One notification with its attempts."""

    notification: Notification
    attempts: Sequence[DeliveryAttempt]


@portal_page
@require_safe
def show_alert(request: HttpRequest, alert_id: int) -> HttpResponse:
    """The page of one alert."""
    now = utc_now()
    alert = Alert.objects.select_related("team", "assignee").filter(pk=alert_id).first()
    if alert is None:
        raise Http404("no such alert")
    explanation = explain_alert(alert, now=now, traced=False)
    context: dict[str, Any] = {
        "title": f"Alert {alert.pk}",
        "alert": alert,
        "now": now,
        "snoozed": alert.status != Alert.Status.RESOLVED
        and alert.snoozed_until is not None
        and alert.snoozed_until > now,
        "steps": _steps(alert, explanation),
        "words": explanation.words,
        "taker": takers([alert]).get(alert.pk, ""),
        "tellings": _tellings(alert),
        "escalations": list(
            with_others(
                alert.escalations.select_related("team", "rule", "policy", "leader")
            ).order_by("id")[:MOST_WALKS]
        ),
        "remediations": list(
            alert.remediations.select_related("rule", "operation").order_by("-id")[:MOST_WALKS]
        ),
        "strip": draw_strip(alert, now),
        "silence_match": silence_match(alert),
        "may_silence": request.user.has_perm("alerts.add_silence"),
        "may_act": can_respond(request.user, alert.team_id),
    }
    if request.headers.get("X-Part") != "live":
        context |= {
            "related": related_alerts(alert, now=now),
            "suspects": accuse(alert),
            "people": people(),
            "next": request.path,
        }
    return render_live(request, "alerts/alert.html", "alerts/alert_live.html", context)


def silence_match(alert: Alert) -> str:
    """Matchers that fit this alert and the next ones like it."""
    names = ("name", "service", "environment", "resource")
    facts = [(name, getattr(alert, name)) for name in names if getattr(alert, name)]
    return str(Matchers(tuple(Matcher(name, "=", value) for name, value in facts)))


def _steps(alert: Alert, explanation: Explanation) -> list[Step]:
    """Newest first."""
    decisions = {found.transition: found for found in explanation.decisions}
    transitions = alert.transitions.order_by("-id")[:MOST_TRANSITIONS]
    return [Step(found, decisions.get(found.pk)) for found in transitions]


def _tellings(alert: Alert) -> list[Telling]:
    found = alert.notifications.select_related(
        "channel", "rule", "transition", "subscription", "group"
    )
    # Secrets: not shown, so not even decrypted.
    found = found.defer("channel__settings").order_by("-id")
    notifications = list(found[:MOST_NOTIFICATIONS])
    attempts: dict[int, list[DeliveryAttempt]] = {}
    rows = DeliveryAttempt.objects.filter(notification__in=notifications).order_by("-id")
    for attempt in reversed(rows[:MOST_ATTEMPTS]):
        attempts.setdefault(attempt.notification_id, []).append(attempt)
    return [Telling(found, attempts.get(found.pk, ())) for found in notifications]
