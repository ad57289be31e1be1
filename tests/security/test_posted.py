"""Calls that were posted to the door for CloudTrail, for a portal without a queue."""

import pytest

from chronos.models import ChangeEvent
from opsportal.lib.times import utc_now
from security.activity import take_posted
from security.activity.call import read_record
from security.activity.posted import take_late_posted
from security.activity.store import store_calls
from security.collect.plan import ensure_scopes
from security.models import ApiActivity, Collection
from tests.accounts.people import make_key
from tests.alerts.posting import post
from tests.security.collecting import make_account
from tests.security.trail import ALICE, event, opened

pytestmark = pytest.mark.django_db(transaction=True)
DOOR = "/hooks/cloudtrail"


@pytest.fixture
def key():
    return make_key("events:write")[1]


def test_what_the_door_took_in_is_an_activity_with_all_that_the_record_said(key):
    make_account()
    now = utc_now().replace(microsecond=0)
    told = opened("sg-1", at=now)
    console = {**opened("sg-2", at=now), "sessionCredentialFromConsole": "true"}
    for one in (told, console):
        assert post(DOOR, event(one), key)[0] == 200
    assert take_posted(now=utc_now()) == 2
    row = ApiActivity.objects.get(event_id=told["eventID"])
    assert (row.actor, row.mfa, row.tool, row.via) == ("alice", False, "aws-cli", "hook")
    assert (row.at, row.principal_arn) == (now, ALICE["arn"])
    assert row.change_id == ChangeEvent.objects.get(external_id=told["eventID"]).pk
    assert ApiActivity.objects.get(event_id=console["eventID"]).tool == "console"
    assert take_posted(now=utc_now()) == 0


def test_door_and_queue_fold_into_one_change_and_one_activity(key):
    make_account()
    now = utc_now()
    told = opened("sg-1", at=now)
    post(DOOR, event(told), key)
    store_calls([read_record(told, now=now)], via="queue", now=now)
    assert take_posted(now=utc_now()) == 0
    post(DOOR, event(told), key)
    assert take_posted(now=utc_now()) == 0
    assert ChangeEvent.objects.filter(source="cloudtrail").count() == 1
    assert ApiActivity.objects.count() == 1


def test_what_was_posted_is_asked_about_and_what_is_of_others_is_left(cloud, key):
    make_account()
    ensure_scopes(now=utc_now())
    now = utc_now()
    post(DOOR, event(opened("sg-1", at=now)), key)
    post(DOOR, event(opened("sg-2", at=now, recipientAccountId="999999999999")), key)
    post(DOOR, event(opened("sg-3", at=now, eventID="x")), key)
    assert take_late_posted(now=utc_now()) == 1
    assert Collection.objects.get(reason="event").targets == ["sg-1"]
