"""Finding alerts: one description of what is looked for, one queryset, for pages and API alike."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When

from alerts.labels import QUERY_FIELDS
from alerts.models import Alert
from alerts.normalise import SEVERITIES, SEVERITY_RANK
from opsportal.lib.api import parse_time_range
from opsportal.lib.errors import FieldError, PayloadError
from opsportal.lib.matchers import MatcherError, Matchers, filter_queryset, parse_matchers

STATUSES = ("open", "firing", "acknowledged", "resolved")
# What may hold an alert back, and what marks it.
STATES = ("held", "snoozed", "flapping")
# Stands for "no team", "nobody" where a name is asked for.
NONE = "-"
_PLAIN = ("name", "source", "service", "environment", "region")
_LISTS = ("status", "severity", "state", *_PLAIN, "team", "assignee")
_TEXTS = ("match", "text")
_MAX_TEXT = 2000
_MAX_WORDS = 10
# Of one field: more values than anybody picks.
_MAX_VALUES = 50
_MATCHER_LIKE = re.compile(r"\s*(\{|[A-Za-z_][\w.]*\s*(=|!=|!~|<|>))")


@dataclass(frozen=True, slots=True)
class AlertQuery:
    """What is looked for; an empty field asks nothing. `since` and `until` bound the first receipt.

    Several values of one field are alternatives. `team` is a name and `assignee` a username; "-"
    is "none". `now` is when "snoozed" is asked about.
    """

    status: tuple[str, ...] = ()
    severity: tuple[str, ...] = ()
    state: tuple[str, ...] = ()
    name: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    service: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    region: tuple[str, ...] = ()
    team: tuple[str, ...] = ()
    assignee: tuple[str, ...] = ()
    match: str = ""
    text: str = ""
    since: datetime | None = None
    until: datetime | None = None
    now: datetime | None = None


def read_query(params: Mapping[str, str | Sequence[str]], *, now: datetime) -> AlertQuery:
    """The query that URL parameters describe. Raises PayloadError.

    A parameter may be given several times; `status`, `severity` and `state` may also list several
    with commas. `since` and `until` are RFC 3339 or an age such as `24h`; `q` is a search box:
    matchers when it looks like them, words otherwise.
    """
    given = {name: _values(params.get(name, "")) for name in params}
    texts: dict[str, Any] = {
        name: given.get(name, ("",))[-1] for name in (*_TEXTS, "q", "since", "until")
    }
    if box := texts.pop("q"):
        texts["match" if _MATCHER_LIKE.match(box) else "text"] = box
    bounds = {name: texts.pop(name) for name in ("since", "until")}
    since, until = parse_time_range(bounds, now=now)
    asked: dict[str, Any] = {name: tuple(filter(None, given.get(name, ()))) for name in _LISTS}
    for name in ("status", "severity", "state"):
        parts = (part.strip() for text in asked[name] for part in text.split(","))
        asked[name] = tuple(filter(None, parts))
    return AlertQuery(**asked, **texts, since=since, until=until, now=now)


def _values(given: str | Sequence[str]) -> tuple[str, ...]:
    texts = (given,) if isinstance(given, str) else given
    return tuple(text.strip() for text in texts) or ("",)


def search_alerts(query: AlertQuery) -> QuerySet[Alert]:
    """The episodes that fit, newest first. Raises PayloadError, one error per bad field."""
    matchers = _check(query)
    found = Alert.objects.filter(_fields(query)).order_by("-id")
    for word in query.text.split():
        found = found.filter(
            Q(name__icontains=word) | Q(summary__icontains=word) | Q(service__icontains=word)
        )
    return filter_queryset(found, matchers, QUERY_FIELDS) if matchers.items else found


def severity_rank() -> Case:
    """The severity as a number, worst highest, to order by."""
    whens = [When(severity=name, then=Value(rank)) for name, rank in SEVERITY_RANK.items()]
    return Case(*whens, default=Value(0), output_field=IntegerField())


def _fields(query: AlertQuery) -> Q:
    condition = _status(query.status) & _state(query)
    if query.severity:
        condition &= Q(severity__in=query.severity)
    for name in _PLAIN:
        values = getattr(query, name)
        if values:
            # "-" stands for an empty field here.
            condition &= _one_of(name, ["" if value == NONE else value for value in values])
    for name, column in (("team", "team__name"), ("assignee", "assignee__username")):
        values = getattr(query, name)
        if values:
            named = [value for value in values if value != NONE]
            part = _one_of(column, named) if named else Q()
            condition &= part | Q(**{name: None}) if NONE in values else part
    if query.since:
        condition &= Q(received_at__gte=query.since)
    if query.until:
        condition &= Q(received_at__lt=query.until)
    return condition


def _one_of(column: str, values: Sequence[str]) -> Q:
    return Q(**{column: values[0]}) if len(values) == 1 else Q(**{f"{column}__in": list(values)})


def _status(asked: Sequence[str]) -> Q:
    if not asked or {"open", Alert.Status.RESOLVED} <= {*asked}:
        return Q()
    over = Q(resolved_at__isnull=False)
    unresolved = [name for name in asked if name != Alert.Status.RESOLVED]
    if not unresolved:
        return over
    # The condition of the partial index, so that it serves.
    still = Q(resolved_at=None)
    if "open" not in asked:
        still &= _one_of("status", unresolved)
    return over | still if len(unresolved) < len(asked) else still


def _state(query: AlertQuery) -> Q:
    conditions = {
        "held": ~Q(suppressed=""),
        "snoozed": Q(snoozed_until__gt=query.now) if query.now else Q(snoozed_until__isnull=False),
        "flapping": Q(flapping__gt=0),
    }
    asked = Q()
    for name in query.state:
        asked |= conditions.get(name, Q())
    return asked


def _check(query: AlertQuery) -> Matchers:
    errors = []
    for field, known in (("status", STATUSES), ("severity", SEVERITIES), ("state", STATES)):
        if unknown := [name for name in getattr(query, field) if name not in known]:
            message = f"{unknown[0][:60]!r} is none of {', '.join(known)}"
            errors.append(FieldError(field, message))
    texts = [(name, (getattr(query, name),)) for name in _TEXTS]
    for name, values in [*texts, *((name, getattr(query, name)) for name in _LISTS)]:
        if any(len(value) > _MAX_TEXT or "\0" in value for value in values):
            errors.append(FieldError(name, f"must be at most {_MAX_TEXT} characters without NUL"))
        if len(values) > _MAX_VALUES:
            errors.append(FieldError(name, f"must be at most {_MAX_VALUES} values"))
    if len(query.text.split()) > _MAX_WORDS:
        errors.append(FieldError("text", f"must be at most {_MAX_WORDS} words"))
    if errors:
        raise PayloadError(errors[0].message, errors)
    try:
        return parse_matchers(query.match)
    except MatcherError as error:
        raise PayloadError(error.message, [FieldError("match", error.message)]) from error
