"""Many pages at once: the alerts of a group share one walk."""

from datetime import timedelta

import pytest

from alerts.act import acknowledge_alert, resolve_alert, unacknowledge_alert
from alerts.escalate import watch_escalations
from alerts.models import Alert, Decision, Escalation, Transition
from opsportal.accounts.models import Team
from tests.accounts.people import make_person
from tests.alerts.makers import JO, NOW, later
from tests.alerts.paging import pages, story, walk
from tests.alerts.storming import duo_team, fire, page_count, paging_rule, resolve, row, standing

pytestmark = pytest.mark.django_db
ZERO = timedelta(0)


@pytest.fixture
def team() -> Team:
    """jo at once, sam five minutes later."""
    return duo_team()


@pytest.fixture
def grouped(team):
    return paging_rule(team, group_by=["service"])


@pytest.fixture
def alone(team):
    return paging_rule(team)


def test_the_alerts_of_a_group_share_one_walk_that_tells_of_the_first(grouped):
    first, second = fire("a", "b")
    [third] = fire("c", now=later(seconds=30))
    [other] = fire("d", service="search")
    assert [row(alert).leader for alert in (second, third)] == [row(first)] * 2
    assert row(first).leader is row(other).leader is None
    assert standing(first, second) == [("due", "walking"), ("held", "following")]
    assert walk(later(seconds=30)) == 2
    assert (pages(first), pages(second)) == ([("jo", "0.0")], [])
    assert story(second) == [f"Paged with alert {first.pk}, of the same group."]
    assert Transition.objects.get(alert=second, kind="paged").after == f"with alert {first.pk}"
    decision = Decision.objects.get(transition__alert=second)
    assert (decision.outcome, decision.reasons[-1]) == (
        "notified",
        {"note": f"Paged with alert {first.pk}, of the same group."},
    )


def test_five_thousand_alerts_of_one_group_are_a_handful_of_pages(grouped):
    for start in range(0, 5000, 500):
        now = later(seconds=start / 500)
        fire(*(f"k{number}" for number in range(start, start + 500)), now=now)
        walk(now)
    for minute in range(1, 30):
        walk(later(minutes=minute))
    assert Escalation.objects.count() == 5000
    assert Escalation.objects.filter(leader=None).count() == 1
    assert page_count() == 2
    assert not Escalation.objects.exclude(state="done", progress="untaken").exists()


def test_an_acknowledged_leader_leaves_its_group_at_rest_and_new_alerts_walk(grouped):
    first, second = fire("a", "b")
    walk()
    acknowledge_alert(first.pk, actor=JO, now=later(minutes=1))
    assert row(first).progress == "acknowledged"
    # Before the walker has seen it.
    [third] = fire("c", now=later(minutes=1))
    assert row(third).leader is None
    walk(later(minutes=1))
    assert standing(first, second) == [("held", "acknowledged"), ("held", "group_taken")]
    watch_escalations(now=later(minutes=2))
    assert standing(first, second) == [("held", "acknowledged"), ("held", "group_taken")]
    walk(later(minutes=20))
    assert pages(third) == [("jo", "0.0"), ("sam", "0.1")]
    assert pages(second) == []


def test_a_leader_given_back_walks_for_its_group_again(grouped):
    first, second = fire("a", "b")
    walk()
    acknowledge_alert(first.pk, actor=JO, now=later(minutes=1))
    walk(later(minutes=1))
    unacknowledge_alert(first.pk, actor=JO, now=later(minutes=2))
    assert standing(first, second) == [("due", "walking"), ("held", "following")]
    walk(later(minutes=2))
    assert pages(first) == [("jo", "0.0"), ("jo", "1.0")]


def test_an_acknowledgement_of_a_leader_that_has_told_nobody_is_not_the_groups(grouped):
    first, second = fire("a", "b")
    acknowledge_alert(first.pk, actor=JO, now=NOW)
    walk()
    assert row(second).leader is None
    walk()
    assert pages(second) == [("jo", "0.0")]


@pytest.mark.parametrize("by", ["person", "sender"])
def test_a_leader_that_is_over_hands_its_walk_to_the_next_that_still_fires(grouped, by):
    first, second, third, fourth = fire("a", "b", "c", "d")
    walk()
    acknowledge_alert(second.pk, actor=JO, now=later(minutes=1))
    if by == "person":
        resolve_alert(first.pk, actor=JO, now=later(minutes=2))
        walk(later(minutes=2))
        assert row(third).due_at == later(minutes=5)
    else:
        resolve("a", now=later(minutes=2))
    walk(later(minutes=5))
    walk(later(minutes=5))
    assert (pages(first), pages(third)) == ([("jo", "0.0")], [("sam", "0.1")])
    assert standing(first, second, third, fourth) == [
        ("done", "resolved"), ("held", "acknowledged"), ("due", "walking"), ("held", "following"),
    ]  # fmt: skip
    assert row(fourth).leader == row(third)
    assert f"The walk of alert {first.pk}, which it was paged with, is over." in story(third)[1]
    walk(later(minutes=10))
    assert standing(third, fourth) == [("done", "untaken")] * 2


def test_a_new_alert_follows_the_walk_of_a_leader_that_is_just_over(grouped):
    first, second = fire("a", "b")
    walk()
    resolve("a", now=later(minutes=1))
    [third] = fire("c", now=later(minutes=2))
    assert row(third).leader == row(first)
    walk(later(minutes=5))
    assert row(third).leader == row(second)
    resolve("b", "c", now=later(minutes=6))
    [fourth] = fire("d", now=later(minutes=7))
    assert row(fourth).leader is None


def test_a_suppressed_leader_lets_another_walk_and_follows_it(grouped):
    first, second = fire("a", "b")
    Alert.objects.filter(pk=first.pk).update(suppressed="silence 1: works")
    walk()
    walk()
    assert pages(second) == [("jo", "0.0")]
    assert row(first).leader == row(second)
    assert standing(first, second) == [("held", "following"), ("due", "walking")]


def test_a_worsened_follower_walks_by_itself_at_once(grouped):
    first, second, third = fire("a", "b", "c")
    walk()
    fire("b", now=later(minutes=1), severity="critical")
    assert row(second).leader is None
    assert walk(later(minutes=1)) == 1
    assert pages(second) == [("jo", "1.0")]
    assert standing(first, third) == [("due", "walking"), ("held", "following")]


def test_alerts_of_a_group_that_get_worse_together_share_one_walk(grouped):
    alerts = fire(*"abcdef")
    walk()
    fire(*"cdef", now=later(minutes=1), severity="critical")
    assert [row(alert).leader for alert in alerts[2:]] == [None, *[row(alerts[2])] * 3]
    assert walk(later(minutes=1)) == 1
    watch_escalations(now=later(minutes=2))
    assert page_count() == 2


def test_whoever_got_worse_while_acknowledged_is_paged_anew_at_once(grouped):
    [alert] = fire("a")
    walk()
    acknowledge_alert(alert.pk, actor=JO, now=later(minutes=1))
    fire("a", now=later(minutes=2), severity="critical")
    walk(later(minutes=2))
    assert pages(alert) == [("jo", "0.0"), ("jo", "1.0")]
    assert (row(alert).state, row(alert).progress) == ("due", "walking")


def test_a_failed_leader_is_replaced_by_the_watch(grouped):
    first, second = fire("a", "b")
    walk()
    Escalation.objects.filter(alert=first).update(state="dead")
    watch_escalations(now=later(minutes=1))
    assert row(second).leader is None
    walk(later(minutes=5))
    assert pages(second) == [("sam", "0.1")]


def test_followers_of_a_leader_that_is_gone_walk_by_themselves(grouped):
    first, second = fire("a", "b")
    first.delete()
    watch_escalations(now=later(minutes=1))
    walk(later(minutes=1))
    assert pages(second) == [("jo", "1.0")]


def test_followers_whose_alert_is_over_end(grouped):
    _, second = fire("a", "b")
    resolve("b", now=later(minutes=1))
    watch_escalations(now=later(minutes=2))
    assert standing(second) == [("done", "resolved")]
    assert row(second).finished_at == later(minutes=1)


def test_the_ledger_and_the_alert_s_page_say_what_is_paged_together(client, grouped):
    first, second, _ = fire("a", "b", "c")
    client.force_login(make_person("administrator"))
    ledger = client.get("/admin/alerts/escalation/").content.decode()
    assert "paged with another" in ledger
    assert f'<a href="/alerts/{first.pk}/">alert {first.pk}</a>' in ledger
    assert "2 others" in ledger
    page = client.get(first.get_absolute_url()).content.decode()
    assert "for 2 other alerts as well" in page
    page = client.get(second.get_absolute_url()).content.decode()
    assert f'paged with <a href="/alerts/{first.pk}/">alert {first.pk}</a>' in page
    assert f"Team payments is paged by the walk of alert {first.pk}." in page
    rows = client.get("/api/v1/escalations?progress=following").json()["results"]
    assert [found["leader_alert_id"] for found in rows] == [first.pk] * 2
