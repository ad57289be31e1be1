"""Wishes of rules, walked step by step as the dispatcher does, at a time of the test's choice."""

from itertools import count

from alerts.models import Alert, Remediation, RuleAction, Transition
from alerts.remediate import approve_remediation, remediate_alerts
from alerts.tasks import RemediationOutbox
from opsportal.accounts.actors import Actor
from opsportal.safety.leash import set_leash
from opsportal.safety.models import GLOBAL, Operation
from tests.accounts.people import make_person
from tests.alerts.makers import NOW, claim, make_alert, make_rule

JO = Actor("jo", None, None)
_numbers = count(1)


def arm(*names: str) -> None:
    """Open the lock of everything and these."""
    for name in (GLOBAL, *names):
        set_leash(name, armed=True, actor=JO, now=NOW)


def make_wish(instance: str = "", plugin: str = "ec2_reboot", rule=None, **options) -> Remediation:
    """What the router writes when a rule asks for a remediation."""
    alert = options.pop("alert", None) or make_alert(
        resource=instance, region=options.pop("region", "eu-west-1"), service="web"
    )
    rule = rule or make_rule(f"rule-{next(_numbers)}")
    fields = {
        "parameters": {},
        "dry_run": False,
        "approval": RuleAction.Approval.NONE,
        "created_at": NOW,
        "due_at": NOW,
    }
    fields |= options
    if not rule.actions.filter(value=plugin).exists():
        words = {name: fields[name] for name in ("parameters", "dry_run", "approval")}
        RuleAction.objects.create(rule=rule, kind="remediate", value=plugin, **words)
    return Remediation.objects.create(alert=alert, rule=rule, plugin=plugin, **fields)


def step(now=NOW) -> int:
    """Whatever is due, once."""
    rows = claim(RemediationOutbox(), now, 10)
    for row in rows:
        remediate_alerts([row], now=now)
    return len(rows)


def operation_of(wish: Remediation) -> Operation:
    wish.refresh_from_db()
    assert wish.operation is not None, wish.last_error
    return wish.operation


def walk(wish: Remediation, now=NOW) -> Operation:
    """One step, and what came of it."""
    step(now)
    return operation_of(wish)


def story(alert: Alert) -> list[str]:
    """The steps of its remediations, as the alert tells them."""
    found = Transition.objects.filter(alert=alert, kind="remediated").order_by("pk")
    return [transition.after for transition in found]


def approve(wish: Remediation, role="administrator", now=NOW, plan_hash="", **person):
    """A new person of that role agrees; who it was."""
    user = make_person(role, **person)
    actor = Actor(user.username, user.pk, None)
    wanted = plan_hash or operation_of(wish).plan_hash
    approve_remediation(wish, wanted, user=user, actor=actor, now=now)
    return user
