"""Heartbeats: what is heard, what is missing, and what the portal could not hear."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts.change import delete_heartbeat, save_heartbeat
from alerts.heartbeat import Beat, check_heartbeats, hear_beat
from alerts.models import Alert, Decision, Heartbeat, HeartbeatWatch
from opsportal.accounts.models import AuditEntry
from opsportal.lib.errors import ForbiddenError, PayloadError
from tests.accounts.people import make_team
from tests.alerts.makers import JO, NOW, later

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def make_heartbeat(name: str = "backup", **values) -> Heartbeat:
    defaults = {"interval": 10 * MINUTE, "grace": MINUTE}
    heartbeat = Heartbeat(name=name, **defaults | values)
    assert save_heartbeat(heartbeat, actor=JO, now=NOW)
    return heartbeat


def beat(name: str = "backup", now=NOW, **values) -> str | None:
    return hear_beat(Beat(name, **values), actor=JO, now=now)


def check(now, every=timedelta(seconds=5)) -> int:
    """As the dispatcher does while it runs without a gap."""
    HeartbeatWatch.objects.update_or_create(pk=1, defaults={"looked_at": now - every})
    return check_heartbeats(now=now)


def state(name: str = "backup") -> str:
    return Heartbeat.objects.get(name=name).state


def test_what_is_heard_of_in_time_is_ok_and_tells_nobody():
    make_heartbeat()
    assert state() == "new"
    assert beat() == "ok"
    assert check(later(minutes=10, seconds=59)) == 0
    assert not Alert.objects.exists()


def test_what_is_not_heard_of_is_one_alert_until_the_next_beat():
    team = make_team("payments")
    make_heartbeat(service="billing", environment="prod", team=team, labels={"db": "main"})
    beat()
    assert check(later(minutes=11)) == 1
    assert check(later(minutes=12)) == 0
    alert = Alert.objects.get()
    assert (alert.name, alert.dedup_key) == ("HeartbeatMissing", "heartbeat:backup")
    assert (alert.severity, alert.service, alert.environment) == ("high", "billing", "prod")
    assert alert.labels == {"db": "main", "heartbeat": "backup"}
    assert alert.team == team
    assert alert.summary == "backup has not been heard of for 11m"
    assert Decision.objects.filter(transition__kind="opened").exists()
    assert beat(now=later(minutes=20)) == "ok"
    alert.refresh_from_db()
    assert alert.resolved_at == later(minutes=20)
    assert check(later(minutes=30)) == 0
    assert check(later(minutes=31)) == 1


def test_one_that_was_never_heard_of_is_missing_as_well():
    make_heartbeat()
    assert check(later(minutes=11)) == 1
    assert Alert.objects.get().summary == "backup has never been heard of"


def test_a_beat_that_changes_nothing_is_one_statement():
    make_heartbeat()
    beat()
    with CaptureQueriesContext(connection) as queries:
        assert beat(now=later(minutes=1), message="42 files", interval=10 * MINUTE) == "ok"
    assert len(queries) == 1
    heartbeat = Heartbeat.objects.get()
    assert heartbeat.last_seen_at == later(minutes=1)
    assert heartbeat.due_at == later(minutes=12)
    assert heartbeat.message == "42 files"


def test_many_that_are_missing_take_no_more_statements_than_one():
    counts = []
    for number in (1, 40):
        for index in range(number):
            make_heartbeat(f"job-{number}-{index}")
        check(later(seconds=1))
        with CaptureQueriesContext(connection) as queries:
            assert check(later(minutes=11)) == number
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_one_that_says_it_failed_is_an_alert_at_once_until_it_is_well():
    make_heartbeat()
    assert beat(failed=True, message="disk full") == "failed"
    alert = Alert.objects.get()
    assert alert.name == "HeartbeatFailed"
    assert alert.summary == "backup says that it failed: disk full"
    assert check(later(minutes=30)) == 0
    assert beat(now=later(minutes=31)) == "ok"
    alert.refresh_from_db()
    assert alert.resolved_at == later(minutes=31)


def test_an_unknown_one_is_set_up_by_a_beat_that_says_how_often():
    assert beat("new-one") is None
    assert beat("new-one", interval=5 * MINUTE) == "ok"
    heartbeat = Heartbeat.objects.get()
    assert (heartbeat.interval, heartbeat.grace) == (5 * MINUTE, MINUTE)
    assert heartbeat.due_at == later(minutes=6)
    assert AuditEntry.objects.get().action == "create"
    assert beat("new-one", interval=5 * MINUTE, grace=3 * MINUTE) == "ok"
    heartbeat.refresh_from_db()
    assert heartbeat.due_at == later(minutes=8)
    assert AuditEntry.objects.count() == 2


def test_a_teams_key_beats_for_its_team_and_for_nobodys():
    mine, other = make_team(), make_team()
    make_heartbeat("mine", team=mine)
    make_heartbeat("nobodys")
    make_heartbeat("theirs", team=other)
    for _ in range(2):  # first as new ones, then in one statement
        assert beat("mine", team_id=mine.pk) == beat("nobodys", team_id=mine.pk) == "ok"
        with pytest.raises(ForbiddenError):
            beat("theirs", team_id=mine.pk)
        assert beat("theirs") == "ok"
    beat("mine", interval=MINUTE, team_id=mine.pk)
    assert Heartbeat.objects.get(name="mine").team == mine


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": "a/b"}, "name"),
        ({"name": ""}, "name"),
        ({"name": "n" * 101}, "name"),
        ({"interval": timedelta(seconds=4)}, "interval"),
        ({"interval": timedelta(days=367)}, "interval"),
        ({"grace": timedelta(days=32)}, "grace"),
        ({"grace": timedelta(seconds=-1)}, "grace"),
        ({"severity": "awful"}, "severity"),
        ({"labels": ["a"]}, "labels"),
        ({"labels": {"a": 1}}, "labels"),
        ({"labels": {"": "a"}}, "labels"),
        ({"labels": {f"l{n}": "a" for n in range(51)}}, "labels"),
    ],
)
def test_what_is_not_right_is_refused_by_its_field(values, field):
    with pytest.raises(PayloadError) as caught:
        make_heartbeat(**values)
    assert field in [error.field for error in caught.value.errors]


def test_one_that_is_switched_off_renamed_or_removed_leaves_no_alert_behind():
    for name, change in (("off", {"enabled": False}), ("old", {"name": "new"}), ("gone", None)):
        heartbeat = make_heartbeat(name)
        check(later(minutes=11))
        alert = Alert.objects.get(dedup_key=f"heartbeat:{name}")
        heartbeat.refresh_from_db()
        if change is None:
            delete_heartbeat(heartbeat, actor=JO, now=later(minutes=12))
        else:
            for field, value in change.items():
                setattr(heartbeat, field, value)
            save_heartbeat(heartbeat, actor=JO, now=later(minutes=12))
        alert.refresh_from_db()
        assert alert.resolved_at == later(minutes=12)
    assert check(later(days=1)) == 1  # the renamed one, which has a new name to be missing by
    assert beat("off", now=later(days=1), failed=True) == "failed"
    assert Alert.objects.filter(dedup_key="heartbeat:off", resolved_at=None).count() == 0


# What the portal could not hear


def watch_until(moment) -> None:
    HeartbeatWatch.objects.update_or_create(pk=1, defaults={"looked_at": moment})


def test_after_an_outage_nobody_is_told_of_what_could_not_be_heard():
    make_heartbeat()
    beat()
    watch_until(later(minutes=5))  # then the portal was away, for an hour
    assert check_heartbeats(now=later(minutes=65)) == 0
    assert check(later(minutes=75)) == 0
    assert check(later(minutes=76)) == 1  # a whole interval and grace after its return


def test_one_that_was_found_missing_before_the_outage_stays_missing():
    make_heartbeat()
    check(later(minutes=11))
    watch_until(later(minutes=11))
    check_heartbeats(now=later(minutes=90))
    assert state() == "missing"


def test_restarts_do_not_put_off_what_is_due_at_another_time():
    make_heartbeat(interval=timedelta(days=1), grace=timedelta(hours=1))
    beat(now=NOW)
    for hours in (15, 39):  # a new version each day; 40 s without anybody who listens
        watch_until(later(hours=hours))
        check_heartbeats(now=later(hours=hours, seconds=40))
        if hours == 15:
            assert check(later(hours=25)) == 1
    assert state() == "missing"


def test_a_restart_at_the_very_time_does():
    make_heartbeat(interval=timedelta(days=1), grace=timedelta(hours=1))
    beat(now=NOW)
    watch_until(later(hours=24))
    check_heartbeats(now=later(hours=24, seconds=40))
    assert check(later(hours=48)) == 0
    assert check(later(hours=49, minutes=1)) == 1


@pytest.mark.parametrize("period", [2, 4, 5, 10])
@pytest.mark.parametrize(("away_from", "away_for"), [(1, 4), (5, 9), (11, 30), (19, 4)])
def test_whoever_beats_as_it_should_is_never_missing_whenever_the_portal_was_away(
    period, away_from, away_for
):
    """Beats every `period` minutes of the ten that it has; the grace is one."""
    make_heartbeat()
    back = away_from + away_for
    for minute in range(back + 25):
        if away_from <= minute < back:
            continue
        if minute % period == 0:
            beat(now=later(minutes=minute))
        for second in (0, 20, 40):
            assert check_heartbeats(now=later(minutes=minute, seconds=second)) == 0
