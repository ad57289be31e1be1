"""Finding alerts: one description of what is looked for, one queryset, for pages and API alike."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from alerts.labels import MATCH_FIELDS
from alerts.models import Alert
from alerts.normalise import SEVERITIES
from opsportal.lib.api import parse_time_range
from opsportal.lib.errors import FieldError, PayloadError
from opsportal.lib.matchers import MatcherError, Matchers, filter_queryset, parse_matchers

STATUSES = ("open", "firing", "acknowledged", "resolved")
# Stands for "no team", "nobody" where a name is asked for.
NONE = "-"
_PLAIN = ("name", "source", "service", "environment", "region")
_TEXTS = (*_PLAIN, "team", "assignee", "match", "text")
_MAX_TEXT = 2000
_MAX_WORDS = 10
_MATCHER_LIKE = re.compile(r"\s*(\{|[A-Za-z_][\w.]*\s*(=|!=|!~|<|>))")


@dataclass(frozen=True, slots=True)
class AlertQuery:
    """What is looked for; an empty field asks nothing. `since` and `until` bound the first receipt.

    `team` is a name and `assignee` a username; "-" is "none".
    """

    status: str = ""
    severity: tuple[str, ...] = ()
    name: str = ""
    source: str = ""
    service: str = ""
    environment: str = ""
    region: str = ""
    team: str = ""
    assignee: str = ""
    match: str = ""
    text: str = ""
    since: datetime | None = None
    until: datetime | None = None


def read_query(params: Mapping[str, str], *, now: datetime) -> AlertQuery:
    """The query that URL parameters describe. Raises PayloadError.

    `severity` may list several with commas; `since` and `until` are RFC 3339 or an age such as
    `24h`; `q` is a search box: matchers when it looks like them, words otherwise.
    """
    texts = {name: params.get(name, "").strip() for name in _TEXTS}
    box = params.get("q", "").strip()
    if box:
        texts["match" if _MATCHER_LIKE.match(box) else "text"] = box
    since, until = parse_time_range(params, now=now)
    severity = tuple(part.strip() for part in params.get("severity", "").split(",") if part.strip())
    return AlertQuery(
        status=params.get("status", ""),
        severity=severity,
        since=since,
        until=until,
        **texts,
    )


def search_alerts(query: AlertQuery) -> QuerySet[Alert]:
    """The episodes that fit, newest first. Raises PayloadError, one error per bad field."""
    matchers = _check(query)
    found = Alert.objects.filter(_fields(query)).order_by("-id")
    for word in query.text.split():
        found = found.filter(
            Q(name__icontains=word) | Q(summary__icontains=word) | Q(service__icontains=word)
        )
    return filter_queryset(found, matchers, MATCH_FIELDS) if matchers.items else found


def _fields(query: AlertQuery) -> Q:
    condition = _status(query.status)
    if query.severity:
        condition &= Q(severity__in=query.severity)
    for name in _PLAIN:
        if value := getattr(query, name):
            condition &= Q(**{name: value})
    for name, column in (("team", "team__name"), ("assignee", "assignee__username")):
        if value := getattr(query, name):
            condition &= Q(**{name: None} if value == NONE else {column: value})
    if query.since:
        condition &= Q(received_at__gte=query.since)
    if query.until:
        condition &= Q(received_at__lt=query.until)
    return condition


def _status(status: str) -> Q:
    if not status:
        return Q()
    if status == Alert.Status.RESOLVED:
        return Q(resolved_at__isnull=False)
    # The condition of the partial index, so that it serves.
    return Q(resolved_at=None) if status == "open" else Q(resolved_at=None, status=status)


def _check(query: AlertQuery) -> Matchers:
    errors = []
    if query.status and query.status not in STATUSES:
        errors.append(FieldError("status", f"must be one of {', '.join(STATUSES)}"))
    if unknown := [name for name in query.severity if name not in SEVERITIES]:
        message = f"{unknown[0]!r} is none of {', '.join(SEVERITIES)}"
        errors.append(FieldError("severity", message))
    for name in _TEXTS:
        value = getattr(query, name)
        if len(value) > _MAX_TEXT or "\0" in value:
            errors.append(FieldError(name, f"must be at most {_MAX_TEXT} characters without NUL"))
    if len(query.text.split()) > _MAX_WORDS:
        errors.append(FieldError("text", f"must be at most {_MAX_WORDS} words"))
    if errors:
        raise PayloadError(errors[0].message, errors)
    try:
        return parse_matchers(query.match)
    except MatcherError as error:
        raise PayloadError(error.message, [FieldError("match", error.message)]) from error
