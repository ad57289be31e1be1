"""A certificate's life of 398 days, by the real gateway, with the time as an argument.

The clock jumps to whatever is due next; nothing waits. Mail stays in Django's `mail.outbox`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.core import mail
from django.db.models import Min

from alerts.act import acknowledge_alert, snooze_alert
from alerts.deliver import deliver_notifications
from alerts.escalate import walk_escalations
from alerts.expire import wake_snoozed
from alerts.flush import flush_groups
from alerts.models import (
    Alert,
    AlertGroup,
    Decision,
    Escalation,
    EscalationPolicy,
    EscalationStep,
    EscalationTarget,
    Notification,
    Rule,
    RuleAction,
    Subscription,
)
from alerts.release import release_held
from alerts.route import route_transitions
from alerts.tasks import AlertGroupOutbox, DecisionOutbox, EscalationOutbox, NotificationOutbox
from certs.judge.certificates import judge_certificates
from certs.models import Certificate, Endpoint
from certs.tell import tell_findings
from opsportal.accounts.actors import Actor
from opsportal.accounts.models import Membership, Team, User
from opsportal.lib.outbox import UNFINISHED, claim_due
from tests.certs.making import make_endpoint, make_observation, make_placement, make_source
from tests.certs.pki import DAY, NOW, Issued, intermediate

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
LIFETIME = 398 * DAY
HOSTS = ("www.example.com", "shop.example.com", "api.example.com")


@dataclass(frozen=True, slots=True)
class Said:
    """A message: when, on which day of the life, to whom, with which subject."""

    at: datetime
    day: float
    to: str
    subject: str


@dataclass(slots=True)
class Life:
    """The portal from `start` on, and all that it said."""

    start: datetime = NOW
    said: list[Said] = field(default_factory=list)
    rounds: int = 0

    def run(self, until: datetime, now: datetime) -> None:
        """Whatever is due, whenever it is, up to then."""
        while now <= until:
            self._round(now)
            following = _next_due(now)
            if following is None or following > until:
                break
            now = max(following, now + timedelta(seconds=1))
        self._round(until)

    def _round(self, now: datetime) -> None:
        """What the dispatcher does every few seconds."""
        self.rounds += 1
        judge_certificates(now=now)
        tell_findings(now=now)
        wake_snoozed(now=now)
        release_held(now=now)
        route_transitions(claim_due(DecisionOutbox(), now, 500), now=now)
        walk_escalations(claim_due(EscalationOutbox(), now, 20), now=now)
        flush_groups(claim_due(AlertGroupOutbox(), now, 20), now=now)
        while rows := claim_due(NotificationOutbox(), now, 20):
            deliver_notifications(rows, now=now)
        # Channels are told at the same time, in any order.
        for each in sorted(mail.outbox, key=lambda mail: (str(mail.subject), mail.to)):
            day = (now - self.start) / DAY
            self.said.append(Said(now, day, ", ".join(each.to), str(each.subject)))
        mail.outbox.clear()


def _next_due(now: datetime) -> datetime | None:
    moments = [
        model._default_manager.filter(UNFINISHED, due_at__gt=now).aggregate(at=Min("due_at"))["at"]
        for model in (Decision, Notification, AlertGroup, Escalation)
    ]
    moments.append(Certificate.objects.filter(judge_at__gt=now).aggregate(at=Min("judge_at"))["at"])
    snoozed = Alert.objects.filter(resolved_at=None, snoozed_until__gt=now)
    moments.append(snoozed.aggregate(at=Min("snoozed_until"))["at"])
    return min((moment for moment in moments if moment is not None), default=None)


def make_people() -> Team:
    """A team with somebody on call, three who subscribe, and who is paged of what is critical."""
    team = Team.objects.create(name="web")
    people = {}
    for name in ("jo", "ada"):
        user = User.objects.create_user(name, email=f"{name}@example.org")
        Membership.objects.create(user=user, team=team, role="responder")
        people[name] = user
    boss = User.objects.create_user("boss", email="boss@example.org")
    Subscription.objects.create(
        name="jo hears of ours, not at night", user=people["jo"], zone="UTC",
        match='{source="certs", owner="web"}', quiet_hours="22:00-07:00",
    )  # fmt: skip
    Subscription.objects.create(
        name="ada reads a digest", user=people["ada"], digest="daily 09:00", zone="UTC",
        match='{source="certs", domain="example.com"}',
    )  # fmt: skip
    Subscription.objects.create(
        name="boss hears of the worst", user=boss, match='{source="certs", days_left<"30"}',
        min_severity="critical",
    )  # fmt: skip
    policy = EscalationPolicy.objects.create(name="web", team=team)
    for position, (delay, name) in enumerate([(timedelta(0), "jo"), (30 * MINUTE, "ada")]):
        step = EscalationStep.objects.create(policy=policy, position=position, delay=delay)
        EscalationTarget.objects.create(step=step, position=0, user=people[name])
    rule = Rule.objects.create(
        name="critical certificates page", match='{source="certs", severity="critical"}'
    )
    RuleAction.objects.create(rule=rule, position=0, kind="page", team=team)
    return team


def live() -> Life:
    """The whole story; what was said in it."""
    life, team = Life(), make_people()
    ca = intermediate()
    old = ca.issue(*HOSTS, lifetime=LIFETIME)
    acm = make_source("ACM")
    make_placement(old, acm, "arn:old", now=NOW)
    endpoints = [make_endpoint(host, team=team, service="shop") for host in HOSTS]
    _serve(endpoints, old, NOW)

    def day(number: float) -> datetime:
        return NOW + number * DAY

    # The quarter falls on day 298.5, when the portal is down.
    life.run(day(297), NOW)
    life.run(day(310), day(301))
    acknowledge_alert(_alert().pk, actor=Actor("jo", None, None), now=day(310))
    # Day 338.3: 15 % are left, which ends the acknowledgement; then it is snoozed.
    life.run(day(340), day(310))
    snooze_alert(_alert().pk, day(354), actor=Actor("jo", None, None), now=day(340))
    life.run(day(354), day(340))
    # Day 378.1: 5 % are left. Nobody answers the first page.
    critical = day(398) - LIFETIME * 0.05
    life.run(critical + 45 * MINUTE, day(354))
    acknowledge_alert(_alert().pk, actor=Actor("ada", None, None), now=critical + 45 * MINUTE)
    life.run(day(385), critical + 45 * MINUTE)
    # Renewed in ACM; one server takes it at once, two when they are told of.
    new = ca.issue(*HOSTS, not_before=day(385), lifetime=LIFETIME)
    make_placement(new, acm, "arn:new", now=day(385))
    _serve(endpoints[:1], new, day(385))
    life.run(day(394), day(385))
    _serve(endpoints[1:], new, day(394))
    life.run(day(420), day(394))
    return life


def _serve(endpoints: list[Endpoint], issued: Issued, now: datetime) -> None:
    for endpoint in endpoints:
        make_observation(endpoint, issued, now=now)


def _alert() -> Alert:
    return Alert.objects.filter(resolved_at=None, name="Certificate expires").get()


def print_life(life: Life, show: Callable[[str], None] = print) -> None:
    """A line for each message."""
    show(f"{'day':>7}  {'at (UTC)':16}  {'to':18}  subject")
    for each in life.said:
        show(f"{each.day:7.2f}  {each.at:%Y-%m-%d %H:%M}  {each.to:18}  {each.subject}")
    show(f"{len(life.said)} messages in 420 days; the portal looked {life.rounds} times")
