"""What happens to those who guess passwords."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.admin import site
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from opsportal.accounts.actors import Actor
from opsportal.accounts.audit import record_audit
from opsportal.lib.times import format_duration


def locked_out(
    request: HttpRequest,
    original_response: HttpResponse | None = None,
    credentials: Mapping[str, Any] | None = None,
) -> HttpResponse:
    """429 and a page that says when to come again; it does not tell whether the name exists."""
    wait = settings.AXES_COOLOFF_TIME
    context = {**site.each_context(request), "title": "Locked", "wait": format_duration(wait)}
    response = render(request, "accounts/locked_out.html", context, status=429)
    response.headers["Retry-After"] = str(int(wait.total_seconds()))
    return response


@transaction.atomic
def lift_lock(attempts: Iterable[AccessAttempt], *, actor: Actor, now: datetime) -> int:
    """Forget these failed log-ins."""
    count = 0
    for attempt in attempts:
        record_audit(actor, "lift lock", attempt, now=now)
        count += attempt.delete()[0] > 0
    return count
