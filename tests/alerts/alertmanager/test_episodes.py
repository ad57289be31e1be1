"""What Prometheus says over and over makes one episode (reference: prometheus rules/manager.go and
notifier: firing again each minute with an end that moves, resolved again for a quarter of an hour).
"""

from datetime import UTC, datetime, timedelta

import pytest

from alerts.expire import expire_episodes
from alerts.models import Alert, Transition
from tests.alerts.alertmanager import client
from tests.alerts.alertmanager.client import say

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
Said = dict[str, object]
LABELS = {"alertname": "DiskFull", "instance": "h1"}


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def fires(start: datetime, now: datetime, **more: object) -> Said:
    return client.fires(LABELS, start, now, **more)


def ends(start: datetime, end: datetime) -> Said:
    return client.ends(LABELS, start, end)


def episodes() -> list[tuple[datetime, datetime | None]]:
    return list(Alert.objects.order_by("id").values_list("starts_at", "resolved_at"))


def test_an_end_that_moves_and_a_quarter_of_an_hour_of_resolves_are_one_episode():
    for minute in range(10):
        say(at(minute), fires(at(0), at(minute)))
        assert expire_episodes(now=at(minute + 0.9)) == 0
    outcomes = [say(at(minute), ends(at(0), at(10))) for minute in range(10, 26)]
    assert outcomes[0] == ["resolved"]
    assert set(map(tuple, outcomes[1:])) == {("ignored",)}
    assert episodes() == [(at(0), at(10))]
    assert Transition.objects.count() == 2


def test_an_alert_of_a_lost_prometheus_resolves_by_itself():
    say(at(0), fires(at(0), at(0)))
    say(at(1), fires(at(0), at(1)))
    assert expire_episodes(now=at(4.9)) == 0
    assert expire_episodes(now=at(5)) == 1
    assert episodes() == [(at(0), at(5))]


def test_without_an_end_it_lasts_five_minutes_after_the_last_post():
    say(at(0), {"labels": LABELS})
    say(at(3), {"labels": LABELS})
    assert expire_episodes(now=at(7.9)) == 0
    assert expire_episodes(now=at(8)) == 1
    assert Transition.objects.filter(kind="expired").count() == 1


def test_a_resolve_that_is_repeated_does_not_end_what_fires_anew():
    say(at(0), fires(at(0), at(0)))
    say(at(5), ends(at(0), at(5)))
    assert say(at(7), fires(at(7), at(7))) == ["reopened"]
    assert say(at(8), ends(at(0), at(5))) == ["ignored"]
    # In one post as well, in whatever order.
    assert say(at(9), ends(at(0), at(5)), fires(at(7), at(9))) == ["ignored", "repeated"]
    assert say(at(10), fires(at(7), at(10)), ends(at(0), at(5))) == ["repeated", "ignored"]
    assert say(at(11), ends(at(7), at(11))) == ["resolved"]
    assert episodes() == [(at(0), at(5)), (at(7), at(11))]


def test_a_resolve_that_is_late_does_not_end_what_began_after_it():
    """The first episode expired, and nobody had heard of its end."""
    say(at(0), fires(at(0), at(0)))
    expire_episodes(now=at(6))
    say(at(7), fires(at(7), at(7)))
    assert say(at(8), ends(at(0), at(3))) == ["ignored"]
    assert episodes() == [(at(0), at(6)), (at(7), None)]


def test_of_two_prometheuses_one_that_resolves_ends_it_once():
    """While the other still fires it is opened anew, and the repeated resolve leaves it alone."""
    say(at(0), fires(at(0), at(0)))
    say(at(0.1), fires(at(0.1), at(0.1)))
    say(at(5), ends(at(0), at(5)))
    say(at(5.1), fires(at(0.1), at(5.1)))
    assert [say(at(minute), ends(at(0), at(5))) for minute in (6, 7, 8)] == [["ignored"]] * 3
    assert len(episodes()) == 2


def test_the_earliest_start_and_the_newest_annotations_win():
    say(at(1), fires(at(1), at(1), annotations={"summary": "old"}))
    say(at(2), fires(at(0), at(2), annotations={"summary": "new"}))
    say(at(3), fires(at(1), at(3), annotations={"summary": "newest"}))
    alert = Alert.objects.get()
    assert (alert.starts_at, alert.summary) == (at(0), "newest")
    assert alert.annotations == {"summary": "newest"}


def test_a_gap_after_a_resolve_begins_an_episode_with_its_own_start():
    say(at(0), fires(at(0), at(0)))
    say(at(5), ends(at(0), at(5)))
    say(at(20), fires(at(20), at(20)))
    assert episodes() == [(at(0), at(5)), (at(20), None)]


def test_a_resolve_ends_an_alert_even_where_clocks_differ():
    """It says no start: it is about what is open."""
    say(at(0), {"labels": LABELS})
    assert say(at(1), {"labels": LABELS, "endsAt": at(-3).isoformat()}) == ["resolved"]
