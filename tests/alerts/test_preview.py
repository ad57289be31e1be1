"""What a draft would have done is what it then does."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts.change import save_rule
from alerts.models import (
    Alert,
    AlertGroup,
    Decision,
    Escalation,
    Notification,
    PolicyVersion,
    Remediation,
    Rule,
    RuleAction,
    Transition,
)
from alerts.policy import forget_policy, rule_policy
from alerts.preview import preview as preview_module
from alerts.preview import preview_rule
from opsportal.accounts.models import AuditEntry, Team
from tests.alerts.makers import JO, NOW, later, make_alert, make_channel, make_decision, make_rule
from tests.alerts.routing import route, told

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh_policy():
    forget_policy()


def draft(match="", *actions, rule=None, **values):
    rule = rule or Rule(name="draft")
    rule.match = match
    for name, value in {"order": 50, **values}.items():
        setattr(rule, name, value)
    return rule, list(actions)


def notify(channel):
    return RuleAction(kind="notify", channel=channel)


def suppress(reason="quiet"):
    return RuleAction(kind="suppress", value=reason)


def preview(rule, actions, *, since=-1, until=24, **more):
    return preview_rule(
        rule_policy(rule, actions), rule.pk or 0, since=later(hours=since), now=later(hours=until),
        **more,
    )  # fmt: skip


def happen(alert, *steps):
    """Steps: kind, minutes after noon, and the severity where there is one."""
    for kind, minutes, *after in steps:
        Transition.objects.create(
            alert=alert, kind=kind, at=later(minutes=minutes), after=after[0] if after else ""
        )


def episode(start=0, end=None, severity="high", **values):
    alert = make_alert(severity=severity, received_at=later(minutes=start), **values)
    happen(alert, ("opened", start, severity))
    if end is not None:
        happen(alert, ("resolved", end))
        Alert.objects.filter(pk=alert.pk).update(status="resolved", resolved_at=later(minutes=end))
    return alert


def counts(found):
    return {
        row.name: (row.alerts_without, row.alerts_with, row.messages_without, row.messages_with)
        for row in found.channels
    }


def test_a_draft_beside_the_others_tells_whom_they_do_not():
    ops, pager = make_channel("ops"), make_channel("pager")
    make_rule("all", "", ops, order=100)
    bad, good = episode(severity="critical"), episode(5, severity="low")
    found = preview(*draft('{severity="critical"}', notify(pager)))
    assert (found.transitions, found.matched_alerts, found.newly_told_alerts) == (2, 1, 1)
    assert counts(found) == {"ops": (2, 2, 2, 2), "pager": (0, 1, 0, 1)}
    (sample,) = found.samples
    assert (sample.alert, sample.newly_told) == (bad.pk, ["pager"])
    assert sample.does == ["notify pager"]
    assert good.pk != bad.pk


def test_a_draft_in_place_of_a_rule_is_compared_with_it():
    ops, pager = make_channel("ops"), make_channel("pager")
    rule = make_rule("all", "", ops)
    episode(end=30)
    found = preview(*draft("", notify(pager), rule=rule))
    # Opened and resolved.
    assert counts(found) == {"ops": (1, 0, 2, 0), "pager": (0, 1, 0, 2)}
    assert (found.newly_told_alerts, found.no_longer_told_alerts) == (1, 1)
    assert (found.messages_without, found.messages_with) == (2, 2)


def test_a_draft_that_suppresses_or_stops_takes_tellings_away():
    make_rule("all", "", make_channel(), order=100)
    episode(service="noisy")
    episode(service="quiet")
    for actions, suppressed in (([suppress()], 1), ([], 0)):
        found = preview(*draft('{service="noisy"}', *actions, stop=True))
        assert (found.suppressed_alerts, found.no_longer_told_alerts) == (suppressed, 1)
        assert counts(found) == {"ops": (2, 1, 2, 1)}


def test_pages_and_remediations_are_counted_once_an_alert():
    team = Team.objects.create(name="payments")
    alert = episode(resource="i-1", labels={"instance": "ignored"})
    happen(alert, ("worsened", 10, "critical"))
    episode(resource="i-2")
    act = RuleAction(kind="remediate", value="restart", dry_run=False, approval="none")
    found = preview(*draft("", RuleAction(kind="page", team=team), act))
    assert found.paged == [("payments", 2)]
    (deed,) = found.remedied
    assert (deed.plugin, deed.dry_run, deed.approval, deed.alerts) == ("restart", False, "none", 2)
    assert deed.targets == ["i-1", "i-2"]


def test_grouped_alerts_are_counted_as_the_messages_they_make():
    ops = make_channel()
    make_rule("all", "", ops)
    for number in range(50):
        episode(number / 60, 20)  # one a second
    grouped = draft("", notify(ops), rule=Rule.objects.get(), group_by=["service"])
    found = preview(*grouped)
    # After the first wait, at the next interval, and at once when the group empties.
    assert counts(found) == {"ops": (50, 50, 100, 3)}
    by_severity = draft("", notify(ops), rule=Rule.objects.get(), group_by=["dedup_key"])
    assert counts(preview(*by_severity)) == {"ops": (50, 50, 100, 100)}


def test_what_was_over_before_the_group_was_told_makes_no_message():
    ops = make_channel()
    episode(0, 1)
    found = preview(
        *draft("", notify(ops), group_by=["service"], group_wait=later(minutes=5) - NOW)
    )
    assert counts(found) == {"ops": (0, 1, 0, 0)}


def test_active_times_and_days_are_those_of_the_past():
    ops = make_channel()
    episode(0)  # a Sunday, noon
    episode(12 * 60)  # Monday, midnight
    found = preview(*draft("", notify(ops), active_times="mon 00:00-09:00"))
    assert (found.matched_alerts, counts(found)) == (1, {"ops": (0, 1, 0, 1)})
    assert [(str(day.day), day.matched, day.messages_with) for day in found.days] == [
        ("2026-03-01", 0, 0), ("2026-03-02", 1, 1),
    ]  # fmt: skip


def test_labels_are_those_that_were_decided_about():
    alert = make_alert(severity="low", service="now")
    decision = make_decision(alert)
    labels = {"service": "then", "severity": "low", "team": "", "name": "Old"}
    Decision.objects.filter(pk=decision.pk).update(labels=labels)
    ops = make_channel()
    assert preview(*draft('{service="then"}', notify(ops))).matched_alerts == 1
    assert preview(*draft('{service="now"}', notify(ops))).matched_alerts == 0


def test_only_the_newest_are_looked_at_and_that_is_said(monkeypatch):
    monkeypatch.setattr(preview_module, "MOST_TRANSITIONS", 3)
    for number in range(5):
        episode(number)
    found = preview(*draft("", notify(make_channel())))
    assert (found.transitions, found.bounded) == (3, True)
    assert found.since == later(minutes=2)
    assert not preview(*draft("", suppress()), since=-1, until=0.02).bounded


def test_a_preview_writes_nothing_and_asks_little():
    make_rule("all", "", make_channel())
    for number in range(3):
        episode(number)

    def queries():
        forget_policy()
        with CaptureQueriesContext(connection) as found:
            preview(*draft("", suppress()))
        assert not any(query["sql"].startswith(("INSERT", "UPDATE", "DELETE")) for query in found)
        return len(found)

    few = queries()
    for number in range(20):
        episode(number)
    assert queries() == few
    assert not PolicyVersion.objects.exists()
    assert not AuditEntry.objects.exists()


STORY = [
    ({"service": "billing", "severity": "critical"}, "opened"),
    ({"service": "billing", "severity": "low"}, "opened"),
    ({"service": "search", "severity": "critical"}, "opened"),
    ({"service": "staging", "severity": "high"}, "opened"),
    ({"service": "billing", "severity": "high", "labels": {"pod": "canary-1"}}, "opened"),
]


def test_the_preview_agrees_with_what_then_happens():
    ops, pager = make_channel("ops"), make_channel("pager")
    make_rule("staging", '{service="staging"}', ("suppress", "staging"), order=10, stop=True)
    make_rule("all", "", ops, order=100)

    def again():
        alerts = []
        for facts, kind in STORY:
            alerts.append(make_alert(**facts))
            make_decision(alerts[-1], kind)
        route()
        return alerts

    before = again()
    rule, actions = draft(
        '{service="billing", pod!~"canary-.*"}',
        RuleAction(kind="set", field="severity", value="high"), notify(pager), stop=True,
    )  # fmt: skip
    found = preview(rule, actions)
    save_rule(rule, actions, actor=JO, now=NOW)
    forget_policy()
    after = again()
    for name, without, drafted, *_ in (
        (row.name, row.alerts_without, row.alerts_with) for row in found.channels
    ):
        assert without == sum(name in dict(told(alert)) for alert in before), name
        assert drafted == sum(name in dict(told(alert)) for alert in after), name
    decided = Decision.objects.filter(transition__alert__in=after)
    matched = [
        decision
        for decision in decided
        if any(reason.get("rule") == rule.pk and reason["matched"] for reason in decision.reasons)
    ]
    assert found.matched_transitions == len(matched) == 2
    changed = sum(told(old) != told(new) for old, new in zip(before, after, strict=True))
    assert changed == found.newly_told_alerts == found.no_longer_told_alerts == 2


def test_the_preview_agrees_on_pages_remediations_and_what_is_held_back(settings):
    settings.REMEDIATIONS = ["tests.alerts.plugins.Restart"]
    ops, team = make_channel("ops"), Team.objects.create(name="payments")
    make_rule("all", "", ops, order=100)

    def again():
        alerts = [
            make_alert(resource=f"i-{place}", **facts) for place, (facts, _) in enumerate(STORY)
        ]
        for alert in alerts:
            make_decision(alert)
        route()
        return alerts

    again()
    rule, actions = draft(
        '{service="billing", severity=~"critical|high"}',
        RuleAction(kind="page", team=team),
        RuleAction(kind="remediate", value="restart"),
        notify(ops), group_by=["service"], stop=True,
    )  # fmt: skip
    hush, hushed = draft('{service="staging"}', suppress(), name="hush")
    found, held = preview(rule, actions), preview(hush, hushed)
    save_rule(rule, actions, actor=JO, now=NOW)
    save_rule(hush, hushed, actor=JO, now=NOW)
    forget_policy()
    after = again()
    assert found.paged == [("payments", Escalation.objects.filter(team=team).count())]
    wishes = Remediation.objects.filter(alert__in=after).select_related("alert")
    (deed,) = found.remedied
    assert sorted(wish.alert.resource for wish in wishes) == list(deed.targets)
    assert deed.alerts == 2
    suppressed = Alert.objects.filter(pk__in=[alert.pk for alert in after]).exclude(suppressed="")
    assert suppressed.count() == held.suppressed_alerts == 1
    # Two alerts of billing make one message of a group; the other three have their own.
    groups = AlertGroup.objects.filter(rule=rule)
    assert groups.count() == 1
    (row,) = found.channels
    alone = Notification.objects.filter(alert__in=after, group=None).count()
    assert row.messages_with == groups.count() + alone + held.suppressed_alerts == 4
