"""No walk is late unseen, and none sleeps while nobody has its alert."""

from datetime import timedelta

import pytest

from alerts.act import acknowledge_alert, snooze_alert
from alerts.escalate import late_escalations, watch_escalations
from alerts.metrics import EscalationMetrics
from alerts.models import Alert, Escalation, Notification
from alerts.tasks import EscalationOutbox, fetch_calendars, watch_pages
from opsportal.lib.outbox import run_outbox
from tests.alerts.makers import JO, NOW, claim, later, make_alert
from tests.alerts.paging import MINUTE, make_policy, make_schedule, page, pages, person, walk
from tests.alerts.routing import change_severity

pytestmark = pytest.mark.django_db
ZERO = timedelta(0)
BY = {"actor": JO, "now": NOW}


@pytest.fixture
def duo(team):
    """jo at once, sam five minutes later."""
    jo, sam = person("jo", team), person("sam", team)
    return make_policy(team, (ZERO, make_schedule("primary", jo)), (5 * MINUTE, sam))


def row(alert) -> Escalation:
    return Escalation.objects.get(alert=alert)


def test_what_gets_worse_begins_anew_also_after_an_acknowledgement(team, duo):
    alert = make_alert(severity="warning")
    page(alert, team)
    walk()
    walk(later(minutes=5))
    change_severity(alert, "critical", "worsened")
    watch_escalations(now=later(minutes=6))
    walk(later(minutes=6))
    assert pages(alert) == [("jo", "0.0"), ("sam", "0.1"), ("jo", "1.0")]
    acknowledge_alert(alert.pk, **BY)
    # As intake does when it gets worse.
    Alert.objects.filter(pk=alert.pk).update(status="firing")
    watch_escalations(now=later(minutes=7))
    walk(later(minutes=7))
    assert pages(alert)[-1] == ("jo", "2.0")


def test_what_got_better_first_begins_anew_when_it_gets_worse_again(team, duo):
    alert = make_alert(severity="critical")
    page(alert, team)
    walk()
    change_severity(alert, "low", "improved")
    watch_escalations(now=later(minutes=1))
    assert row(alert).round == 0
    change_severity(alert, "high", "worsened")
    walk(later(minutes=5))
    assert pages(alert) == [("jo", "0.0"), ("jo", "1.0")]


def test_a_late_walk_raises_an_alert_about_ourselves_that_ends_by_itself(team, duo):
    alert = make_alert()
    page(alert, team)
    watch_escalations(now=later(seconds=60))
    assert not late_escalations(later(seconds=60)).exists()
    watch_escalations(now=later(seconds=61))
    own = Alert.objects.get(dedup_key="opsportal:escalations-late")
    assert (own.status, own.severity) == ("firing", "critical")
    assert own.summary.startswith("1 due escalation is late, the oldest by 1m 1s")
    # A worker that holds the row without result does not make it less late.
    claim(EscalationOutbox(), later(seconds=62))
    assert late_escalations(later(seconds=63)).count() == 1
    walk(later(seconds=100))
    watch_escalations(now=later(seconds=101))
    own.refresh_from_db()
    assert own.status == "resolved"


def test_what_waits_for_good_reason_is_not_late(team, duo):
    taken, snoozed, held = make_alert(), make_alert(), make_alert(suppressed="silence")
    for alert in (taken, snoozed, held):
        page(alert, team)
    acknowledge_alert(taken.pk, **BY)
    snooze_alert(snoozed.pk, later(hours=2), **BY)
    assert not late_escalations(later(hours=1)).exists()


def test_what_was_resolved_while_somebody_had_it_is_ended(team, duo):
    alert = make_alert()
    page(alert, team)
    acknowledge_alert(alert.pk, **BY)
    Alert.objects.filter(pk=alert.pk).update(status="resolved", resolved_at=NOW)
    watch_escalations(now=NOW)
    assert (row(alert).state, row(alert).progress) == ("done", "resolved")


def test_the_walks_are_measured(team, duo):
    page(make_alert(), team, later(days=-1))
    text = "\n".join(
        f"{sample.name} {sample.labels} {sample.value}"
        for metric in EscalationMetrics().collect()
        for sample in metric.samples
    )
    assert text == (
        "opsportal_escalations_open {'progress': 'walking'} 1\nopsportal_escalations_late {} 1"
    )


def test_the_jobs_do_their_deeds(team, duo):
    page(make_alert(), team)  # long ago, by the clock of this machine
    watch_pages()
    assert Alert.objects.filter(dedup_key="opsportal:escalations-late").exists()
    run_outbox(EscalationOutbox())
    assert Notification.objects.filter(about="page 0.0").count() == 1
    fetch_calendars()
