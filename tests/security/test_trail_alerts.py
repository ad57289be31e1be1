"""Alerts about the trail itself: stopped, altered, silent."""

from itertools import permutations

import pytest

from alerts.models import Alert
from security.activity.call import read_record
from security.activity.handle import handle_activities
from security.activity.silence import watch_silence
from security.activity.store import store_calls
from security.models import ApiActivity, CloudAccount
from tests.security.collecting import NOW, later, make_account
from tests.security.trail import opened, record

pytestmark = pytest.mark.django_db(transaction=True)
ARN = "arn:aws:cloudtrail:eu-west-1:123456789012:trail/main"


def hear(*records, now=NOW, via="queue"):
    store_calls([read_record(told, now=now) for told in records], via=via, now=now)
    handle_activities(now=now)


def trail(action, name="main", **fields):
    return record(action, {"name": name}, source="cloudtrail", **fields)


def alert():
    return Alert.objects.get(name="TrailTampered")


def test_who_stops_a_trail_is_alerted_on_at_once_until_it_is_started():
    make_account()
    hear(trail("StopLogging", ARN))
    found = alert()
    assert (found.severity, found.status) == ("critical", "firing")
    assert found.summary == "The trail main was stopped by alice in main"
    hear(trail("StopLogging", at=later(minutes=1)), now=later(minutes=1))
    assert alert().repeat_count == 1
    hear(trail("StartLogging", at=later(minutes=2)), now=later(minutes=3))
    assert alert().status == "resolved"


@pytest.mark.parametrize("order", list(permutations(range(2))))
def test_what_is_told_late_or_in_another_order_ends_the_same(order):
    make_account()
    told = [trail("StopLogging"), trail("StartLogging", at=later(minutes=1))]
    for number in order:
        hear(told[number], now=later(days=3))
    assert not Alert.objects.filter(name="TrailTampered", resolved_at=None).exists()


def test_a_start_that_was_only_posted_does_not_end_a_stop_that_the_queue_told():
    make_account()
    hear(trail("StartLogging", at=later(minutes=9)), via="hook")
    hear(trail("StopLogging"))
    hear(trail("StartLogging", at=later(minutes=8)), via="hook", now=later(minutes=9))
    assert alert().status == "firing"
    hear(trail("StartLogging", at=later(minutes=7)), now=later(minutes=9))
    assert alert().status == "resolved"


def test_where_there_is_only_the_door_its_word_ends_what_it_said():
    make_account()
    hear(trail("StopLogging"), via="hook")
    assert (alert().status, alert().dedup_key[-15:]) == ("firing", ":stopped:posted")
    hear(trail("StartLogging", at=later(minutes=1)), via="hook")
    assert alert().status == "resolved"


def test_the_queues_stop_takes_the_place_of_the_one_that_was_posted():
    make_account()
    hear(trail("StopLogging"), via="hook")
    hear(trail("StopLogging"))
    (found,) = Alert.objects.filter(name="TrailTampered", resolved_at=None)
    assert found.dedup_key.endswith(":main:stopped")


def test_who_posts_does_not_pass_a_silent_queue_for_one_that_is_heard():
    make_account(trail_queue_url="https://sqs.eu-west-1.amazonaws.com/1/trail")
    hear(opened("sg-1"), via="hook")
    assert CloudAccount.objects.get().trail_heard_at is None
    hear(opened("sg-2"))
    assert CloudAccount.objects.get().trail_heard_at == NOW


def test_attempts_and_alterations_are_told_for_a_day():
    make_account()
    hear(trail("DeleteTrail", errorCode="AccessDenied"), trail("PutEventSelectors"))
    rows = Alert.objects.filter(name="TrailTampered").order_by("severity")
    assert [row.severity for row in rows] == ["high", "warning"]
    assert "tried to have the trail main deleted" in rows[0].summary
    assert all(row.expires_at is not None for row in rows)


def test_a_trail_that_fell_silent_is_alerted_on_until_it_is_heard():
    account = make_account(trail_queue_url="https://sqs.eu-west-1.amazonaws.com/1/trail")
    make_account("222222222222", "without")
    CloudAccount.objects.update(created_at=NOW)
    assert watch_silence(now=later(hours=23)) == 0
    assert watch_silence(now=later(hours=25)) == 1
    assert watch_silence(now=later(hours=26)) == 1
    (found,) = Alert.objects.filter(name="TrailSilent")
    assert (found.dedup_key, found.repeat_count) == ("security:trail-silent:123456789012", 1)
    hear(opened("sg-1", at=later(hours=27)), now=later(hours=27))
    account.refresh_from_db()
    assert account.trail_heard_at == later(hours=27)
    assert watch_silence(now=later(hours=28)) == 0
    assert Alert.objects.get(name="TrailSilent").status == "resolved"


def test_what_only_reads_proves_that_the_trail_is_heard_and_is_not_stored():
    make_account()
    hear(record("DescribeX", readOnly=True))
    assert CloudAccount.objects.get().trail_heard_at == NOW
    assert not ApiActivity.objects.exists()
