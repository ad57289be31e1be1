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
    Wish,
    start_escalations,
    walk_escalations,
)
from alerts.models import Alert, Channel, Escalation, Notification, Transition
from alerts.tasks import EscalationOutbox
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
from tests.alerts.routing import route, told

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


def test_a_wish_starts_one_walk_and_starts_it_anew_when_the_alert_got_worse(team, duo):
    alert = make_alert()
    wish = Wish(alert.pk, team.pk, None)
    start_escalations([wish], now=NOW)
    walk()
    start_escalations([wish], now=later(minutes=1))
    assert (row(alert).round, row(alert).created_at) == (0, NOW)
    # That it got worse may be routed late: whoever has been paged for it is not paged anew.
    start_escalations([wish], worsened=[alert.pk], now=later(minutes=1))
    assert row(alert).round == 0
    Alert.objects.filter(pk=alert.pk).update(severity="critical")
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
