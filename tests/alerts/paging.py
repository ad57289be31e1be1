"""Walking escalations, as the dispatcher does, at a time of the test's choice."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from alerts.escalate import walk_escalations
from alerts.models import (
    Escalation,
    EscalationPolicy,
    EscalationStep,
    EscalationTarget,
    Layer,
    LayerPerson,
    Notification,
    Override,
    Schedule,
    Transition,
)
from alerts.tasks import EscalationOutbox
from opsportal.accounts.models import Membership, User
from tests.accounts.people import make_person
from tests.alerts.makers import NOW, claim

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def person(name: str, team=None, role="responder", **fields) -> User:
    user = make_person(username=name, email=fields.pop("email", f"{name}@example.org"), **fields)
    if team is not None:
        Membership.objects.create(user=user, team=team, role=role)
    return user


def make_schedule(name="primary", *people, **values) -> Schedule:
    """Daily turns from noon of 2026-03-01 UTC on."""
    schedule = Schedule.objects.create(name=name, **values)
    if people:
        make_layer(schedule, *people)
    return schedule


def make_layer(schedule, *people, **values) -> Layer:
    defaults = {
        "name": "daily", "length": 1, "unit": "days", "starts_on": date(2026, 3, 1),
        "starts_at": time(12), "position": schedule.layers.count(),
    }  # fmt: skip
    layer = Layer.objects.create(schedule=schedule, **defaults | values)
    for position, user in enumerate(people):
        LayerPerson.objects.create(layer=layer, position=position, user=user)
    return layer


def make_override(schedule, user, start: datetime, end: datetime, **values) -> Override:
    return Override.objects.create(
        schedule=schedule, user=user, starts_at=start, ends_at=end, author="test", **values
    )


def make_policy(team, *steps, **values) -> EscalationPolicy:
    """Steps: `(delay, target, ...)`."""
    name = values.pop("name", f"{team} policy")
    policy = EscalationPolicy.objects.create(name=name, team=team, **values)
    for position, (delay, *targets) in enumerate(steps):
        step = EscalationStep.objects.create(policy=policy, position=position, delay=delay)
        for place, target in enumerate(targets):
            kind = type(target)._meta.model_name
            EscalationTarget.objects.create(step=step, position=place, **{kind: target})
    return policy


def page(alert, team, now=NOW, **values) -> Escalation:
    return Escalation.objects.create(alert=alert, team=team, created_at=now, due_at=now, **values)


def walk(now=NOW) -> int:
    rows = claim(EscalationOutbox(), now)
    walk_escalations(rows, now=now)
    return len(rows)


def pages(alert) -> list[tuple[str, str]]:
    """Who was told of which step."""
    rows = Notification.objects.filter(alert=alert, about__startswith="page ").order_by("pk")
    return [
        (row.channel.user.username if row.channel.user else row.channel.name, row.about[5:])
        for row in rows
    ]


def story(alert) -> list[str]:
    return [row.note for row in Transition.objects.filter(alert=alert, kind="paged")]


def utc(*numbers: Any) -> datetime:
    return datetime(*numbers).replace(tzinfo=UTC)  # noqa: DTZ001
