"""Paging walks from one to the next until somebody takes the alert."""

import threading
from datetime import timedelta

import pytest
from django.db import connections

from alerts.act import (
    acknowledge_alert,
    resolve_alert,
    snooze_alert,
    unacknowledge_alert,
    unsnooze_alert,
)
from alerts.escalate import (
    late_escalations,
    start_escalations,
    walk_escalations,
    watch_escalations,
)
from alerts.metrics import EscalationMetrics
from alerts.models import Alert, Channel, Escalation, Notification, Transition
from alerts.tasks import EscalationOutbox, fetch_calendars, watch_pages
from opsportal.accounts.models import Team
from opsportal.lib.outbox import run_outbox
from tests.accounts.people import make_team
from tests.alerts.makers import JO, NOW, claim, later, make_alert, make_channel
from tests.alerts.paging import (
    HOUR,
    MINUTE,
    make_override,
    make_policy,
    make_schedule,
    page,
    pages,
    person,
    story,
    walk,
)
from tests.alerts.routing import change_severity, route, told

pytestmark = pytest.mark.django_db
ZERO = timedelta(0)
BY = {"actor": JO, "now": NOW}


@pytest.fixture
def team() -> Team:
    return make_team("payments")


@pytest.fixture
def duo(team):
    """jo at once, sam five minutes later."""
    jo, sam = person("jo", team), person("sam", team)
    return make_policy(team, (ZERO, make_schedule("primary", jo)), (5 * MINUTE, sam))


def row(alert) -> Escalation:
    return Escalation.objects.get(alert=alert)


def test_the_second_is_told_when_the_first_does_not_answer(team, duo):
    alert = make_alert()
    page(alert, team)
    assert walk() == 1
    assert pages(alert) == [("jo", "0.0")]
    assert walk(later(minutes=4, seconds=59)) == 0
    assert walk(later(minutes=5)) == 1
    assert pages(alert) == [("jo", "0.0"), ("sam", "0.1")]
    assert story(alert) == [
        "Step 1 of 2 of payments policy: jo (on call for primary). "
        "Unless somebody takes it, the next step in 5m.",
        "Step 2 of 2 of payments policy: sam. Unless somebody takes it, it is given up in 5m.",
    ]
    assert [found.after for found in alert.transitions.all()] == ["jo", "sam"]


def test_when_nobody_takes_it_the_story_says_so_and_the_walk_ends(team, duo):
    alert = make_alert()
    page(alert, team)
    for minutes in (0, 5, 10):
        walk(later(minutes=minutes))
    assert story(alert)[-1] == ("Nobody took it. Everybody was told: jo's e-mail, sam's e-mail.")
    assert (row(alert).state, row(alert).progress) == ("done", "untaken")
    assert walk(later(days=1)) == 0


def test_the_policy_is_repeated_as_often_as_it_says(team):
    make_policy(team, (MINUTE, person("jo", team)), repeat=2, repeat_after=3 * MINUTE)
    alert = make_alert()
    page(alert, team)
    walked = [minute for minute in range(60) if walk(later(minutes=minute))]
    # The first look; then each time a minute after the start, and three more until the next.
    assert walked == [0, 1, 4, 5, 8, 9, 12]
    assert pages(alert) == [("jo", "0.0"), ("jo", "1.0"), ("jo", "2.0")]
    assert story(alert)[-1] == "Nobody took it. Everybody was told 3 times: jo's e-mail."


def test_acknowledging_stops_it_at_once_and_giving_back_begins_anew(team, duo):
    alert = make_alert()
    page(alert, team)
    walk()
    acknowledge_alert(alert.pk, actor=JO, now=later(minutes=1))
    assert (row(alert).state, row(alert).progress) == ("held", "acknowledged")
    assert walk(later(minutes=20)) == 0
    unacknowledge_alert(alert.pk, actor=JO, now=later(minutes=30))
    assert walk(later(minutes=30)) == 1
    assert walk(later(minutes=35)) == 1
    assert pages(alert) == [("jo", "0.0"), ("jo", "1.0"), ("sam", "1.1")]


def test_an_acknowledgement_between_claim_and_walk_counts(team, duo):
    alert = make_alert()
    page(alert, team)
    rows = claim(EscalationOutbox())
    acknowledge_alert(alert.pk, **BY)
    walk_escalations(rows, now=NOW)
    assert pages(alert) == []
    assert row(alert).state == "held"


def test_a_walk_that_finds_its_alert_taken_or_over_stops(team, duo):
    taken, over = make_alert(status="acknowledged"), make_alert()
    Alert.objects.filter(pk=over.pk).update(status="resolved", resolved_at=NOW)
    page(taken, team)
    page(over, team)
    assert walk() == 2
    assert row(taken).state == "held"
    assert (row(over).state, row(over).progress) == ("done", "resolved")
    assert not Notification.objects.exists()


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


def test_a_wish_starts_one_walk_and_starts_it_anew_when_the_alert_got_worse(team, duo):
    alert = make_alert()
    wish = (alert.pk, team.pk, None)
    start_escalations([wish], now=NOW)
    walk()
    start_escalations([wish], now=later(minutes=1))
    assert (row(alert).round, row(alert).created_at) == (0, NOW)
    start_escalations([wish], worsened=[alert.pk], now=later(minutes=2))
    walk(later(minutes=2))
    assert pages(alert) == [("jo", "0.0"), ("jo", "1.0")]


def test_snoozed_ones_wait_for_the_end_of_the_snooze(team, duo):
    alert = make_alert()
    page(alert, team)
    snooze_alert(alert.pk, later(hours=1), **BY)
    assert walk() == 1
    assert pages(alert) == []
    assert (row(alert).progress, row(alert).due_at) == ("waiting", later(hours=1))
    unsnooze_alert(alert.pk, actor=JO, now=later(minutes=10))
    assert walk(later(minutes=10)) == 1
    assert pages(alert) == [("jo", "0.0")]


def test_suppressed_ones_look_again_until_they_are_told(team, duo):
    alert = make_alert(suppressed="silence 1: maintenance")
    page(alert, team)
    walk()
    assert pages(alert) == []
    walk(later(seconds=15))
    assert row(alert).progress == "waiting"
    Alert.objects.filter(pk=alert.pk).update(suppressed="")
    walk(later(seconds=30))
    assert pages(alert) == [("jo", "0.0")]


def test_without_a_policy_all_members_are_told_at_once(team):
    person("jo", team), person("sam", team, role="viewer"), person("kim")
    alert = make_alert()
    page(alert, team)
    walk()
    assert pages(alert) == [("jo", "0.0"), ("sam", "0.0")]
    assert story(alert) == [
        "The team payments has no escalation policy, so all members are told at once: jo; sam. "
        "Unless somebody takes it, it is given up in 5m."
    ]
    walk(later(minutes=5))
    assert row(alert).progress == "untaken"


def test_a_disabled_policy_is_none(team, duo):
    type(duo).objects.update(enabled=False)
    alert = make_alert()
    page(alert, team)
    walk()
    assert pages(alert) == [("jo", "0.0"), ("sam", "0.0")]


def test_a_step_that_reaches_nobody_makes_nobody_wait(team):
    off = make_channel("off", enabled=False)
    unreachable = person("kim", email="")
    make_policy(
        team,
        (ZERO, make_schedule("primary"), off),
        (HOUR, unreachable),
        (HOUR, person("sam", team)),
    )
    alert = make_alert()
    page(alert, team)
    walk()
    assert pages(alert) == [("sam", "0.2")]
    assert story(alert)[0] == (
        "Step 1 of 3 of payments policy: nobody is on call for primary; "
        "the channel off is disabled. So the next step at once."
    )
    assert [found.after for found in alert.transitions.all()] == ["nobody", "nobody", "sam"]


def test_a_policy_that_reaches_nobody_ends_with_all_members(team):
    person("jo", team)
    make_policy(team, (ZERO, make_schedule("primary")))
    alert = make_alert()
    page(alert, team)
    walk()
    assert pages(alert) == [("jo", "0.0")]
    assert "nobody was reached, so all members of payments are told at once; jo" in story(alert)[0]


def test_a_team_without_anybody_is_said_to_have_nobody(team):
    alert = make_alert()
    page(alert, team)
    walk()
    walk(later(minutes=5))
    assert story(alert)[-1] == "Nobody took it, since nobody could be told."


def test_a_step_tells_everybody_it_names_once(team):
    jo, sam = person("jo", team), person("sam", team)
    kim = person("kim")
    primary = make_schedule("primary", jo)
    make_override(primary, kim, NOW - HOUR, NOW + HOUR)
    make_policy(team, (ZERO, primary, sam, make_channel("ops"), team))
    alert = make_alert()
    page(alert, team)
    walk()
    assert sorted(pages(alert)) == [
        ("jo", "0.0"), ("kim", "0.0"), ("ops", "0.0"), ("sam", "0.0"),
    ]  # fmt: skip


def test_two_teams_tell_who_is_in_both_once(team):
    other = make_team("platform")
    jo = person("jo", team)
    make_policy(team, (ZERO, jo))
    make_policy(other, (ZERO, jo))
    alert = make_alert()
    page(alert, team)
    page(alert, other)
    walk()
    assert pages(alert) == [("jo", "0.0")]


def test_the_end_is_told_to_everybody_who_was_paged(team, duo):
    alert = make_alert()
    page(alert, team)
    walk()
    walk(later(minutes=5))
    resolve_alert(alert.pk, **BY)
    assert row(alert).state == "done"
    route(NOW)
    assert told(alert)[2:] == [("jo's e-mail", "resolved"), ("sam's e-mail", "resolved")]


def test_a_policy_that_got_shorter_goes_on_from_where_it_is(team, duo):
    alert = make_alert()
    page(alert, team)
    walk()
    duo.steps.get(position=1).delete()
    walk(later(minutes=5))
    assert row(alert).progress == "untaken"


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


@pytest.mark.django_db(transaction=True)
def test_walkers_at_once_tell_everybody_once(team, duo):
    alert = make_alert()
    page(alert, team)
    start = threading.Barrier(4)

    def work() -> None:
        start.wait()
        try:
            walk()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert pages(alert) == [("jo", "0.0")]
    assert Transition.objects.filter(kind="paged").count() == 1
    assert Channel.objects.count() == 1


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
