"""Calls that somebody posted to the door, where nothing proves that AWS said them."""

import pytest

from security.activity.call import read_record
from security.activity.handle import handle_activities
from security.activity.store import store_calls
from security.cause import causes_of
from security.models import ActivityTarget, ApiActivity, ConfigRevision, RevisionCause
from tests.security.collecting import GROUPS, collect, later, make_account
from tests.security.test_collect import allow, make_group
from tests.security.trail import CI, opened

pytestmark = pytest.mark.django_db(transaction=True)


def hear(told, via="queue"):
    now = later(minutes=9)
    store_calls([read_record(told, now=now)], via=via, now=now)
    handle_activities(now=now)


@pytest.fixture
def group(cloud):
    """A group that was opened in the fifth minute."""
    make_account()
    group = make_group(cloud)
    collect(GROUPS)
    allow(cloud, group, "0.0.0.0/0")
    collect(GROUPS, now=later(minutes=5))
    return group


def said():
    row = ConfigRevision.objects.order_by("-number").first()
    return row.attribution, row.actor


@pytest.mark.parametrize("first", ["queue", "hook"])
def test_what_is_posted_does_not_outdo_what_a_queue_tells(group, first):
    told = opened(group, at=later(minutes=1))
    forged = opened(group, at=later(minutes=2), userIdentity=CI)
    calls = [(told, "queue"), (forged, "hook")]
    for call, via in calls if first == "queue" else reversed(calls):
        hear(call, via)
    assert said() == ("exact", "alice")


def test_who_takes_an_events_id_makes_place_for_the_event(group):
    told = opened(group, at=later(minutes=1))
    hear({**told, "userIdentity": CI}, "hook")
    assert said() == ("exact", "deployer/ci-4821")
    hear(told)
    assert said() == ("exact", "alice")
    row = ApiActivity.objects.get()
    assert (row.actor, row.via) == ("alice", "queue")
    hear({**told, "userIdentity": CI}, "hook")
    assert said() == ("exact", "alice")


def test_what_was_wrongly_blamed_on_a_call_waits_for_its_own(group):
    told = opened(group, at=later(minutes=1))
    hear(told, "hook")
    hear(opened("sg-other", at=later(minutes=1), event_id=told["eventID"]))
    assert said() == ("pending", "")
    assert not RevisionCause.objects.exists()
    assert ActivityTarget.objects.get().resource_id == "sg-other"


def test_what_the_queue_says_as_well_is_not_only_posted_any_more(group):
    told = opened(group, at=later(minutes=1))
    hear(told, "hook")
    pk = ApiActivity.objects.get().pk
    hear(told)
    row = ApiActivity.objects.get()
    assert (row.pk, row.via) == (pk, "queue")
    assert said() == ("exact", "alice")


def test_a_posted_call_of_aws_itself_is_still_said_to_be_posted(group):
    told = opened(group, at=later(minutes=1))
    hear({**told, "userIdentity": {"type": "AWSService", "invokedBy": "x.amazonaws.com"}}, "hook")
    pk = ConfigRevision.objects.order_by("-number").first().pk
    (cause,) = causes_of([pk])[pk]
    assert cause.facts == ("AWS itself", "posted")
