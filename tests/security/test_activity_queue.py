"""Calls that come by a queue, as EventBridge and S3 put them there."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from chronos.models import ChangeEvent
from security.activity import poll as poll_module
from security.activity import store, trouble
from security.activity.call import read_record
from security.activity.handle import handle_activities
from security.activity.poll import poll_queues, take_messages
from security.activity.store import store_calls
from security.collect.plan import ensure_scopes
from security.models import (
    ActivityTarget,
    ApiActivity,
    CloudAccount,
    Collection,
    Scope,
    TrailError,
)
from tests.alerts.moto import ACCOUNT, REGION
from tests.security.collecting import NOW, later, make_account
from tests.security.trail import (
    event,
    in_topic,
    log_file,
    make_queue,
    opened,
    record,
    send,
    waiting,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def queue(cloud):
    url = make_queue(cloud)
    make_account(trail_queue_url=url)
    return url


def poll(now=NOW):
    return poll_queues(clock=lambda: now, wait=0, listen=0)


def test_what_a_rule_of_eventbridge_passes_on_is_stored_and_goes_from_the_queue(cloud, queue):
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:trail"
    events = cloud.client("events")
    pattern = {"detail-type": ["AWS API Call via CloudTrail"], "detail": {"readOnly": [False]}}
    events.put_rule(Name="trail", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="trail", Targets=[{"Id": "queue", "Arn": arn}])
    told = opened("sg-1")
    events.put_events(
        Entries=[
            {
                "Source": "aws.ec2",
                "DetailType": "AWS API Call via CloudTrail",
                "Detail": json.dumps(one),
            }
            for one in (told, record("DescribeSecurityGroups", readOnly=True))
        ]
    )
    assert waiting(cloud, queue) == 1
    assert poll() == 1
    assert waiting(cloud, queue) == 0
    row = ApiActivity.objects.get()
    assert (row.event_id, row.actor, row.tool) == (told["eventID"], "alice", "aws-cli")
    assert (row.mfa, row.source_address, row.via) == (False, "203.0.113.7", "queue")
    change = ChangeEvent.objects.get(source="cloudtrail")
    assert (change.pk, change.external_id) == (row.change_id, told["eventID"])
    assert CloudAccount.objects.get().trail_heard_at == NOW


def test_a_trails_files_are_read_from_s3_as_it_notifies_of_them(cloud, queue):
    s3 = cloud.client("s3")
    place = {"LocationConstraint": REGION}
    s3.create_bucket(Bucket="trail", CreateBucketConfiguration=place)
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:trail"
    s3.put_bucket_notification_configuration(
        Bucket="trail",
        NotificationConfiguration={
            "QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]
        },
    )
    key = f"AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/a b+c.json.gz"
    s3.put_object(Bucket="trail", Key=key, Body=log_file(opened("sg-1"), opened("sg-2")))
    digest = f"AWSLogs/{ACCOUNT}/CloudTrail-Digest/{REGION}/x.json.gz"
    s3.put_object(Bucket="trail", Key=digest, Body=b"{}")
    poll()
    assert waiting(cloud, queue) == 0
    assert ApiActivity.objects.count() == 2
    assert not TrailError.objects.exists()


def test_a_repeat_is_known_however_it_is_wrapped(cloud, queue):
    told = opened("sg-1")
    send(cloud, queue, event(told), event(told), in_topic(event(told)))
    poll()
    send(cloud, queue, event(told))
    poll(later(hours=1))
    assert ApiActivity.objects.count() == ChangeEvent.objects.count() == 1


def test_what_cannot_be_understood_is_kept_with_its_reason_and_goes(cloud, queue):
    told = opened("sg-1")
    rubbish = event({**told, "eventID": 7})
    send(cloud, queue, "no JSON", {"hello": 1}, "[" * 5000, event(told), rubbish)
    poll()
    assert waiting(cloud, queue) == 0
    assert ApiActivity.objects.count() == 1
    rows = TrailError.objects.filter(kind="unreadable")
    assert rows.count() == 4
    assert "no event of CloudTrail" in rows.get(body__contains="hello").message


def test_a_message_that_names_files_without_end_is_refused_and_a_file_named_twice_is_read_once(
    cloud, queue, monkeypatch
):
    asked = []
    monkeypatch.setattr(poll_module, "_fetch", lambda *args: asked.append(args) or log_file())
    keys = [f"AWSLogs/{number}.json.gz" for number in range(101)]
    send(cloud, queue, {"s3Bucket": "trail", "s3ObjectKey": keys})
    send(cloud, queue, {"s3Bucket": "trail", "s3ObjectKey": keys[:1] * 2})
    poll()
    assert (waiting(cloud, queue), len(asked)) == (0, 1)
    assert TrailError.objects.get().message == "The message names more than 100 files."


@pytest.mark.parametrize(
    "bucket", ["arn:aws:s3-object-lambda:eu-west-1:1:accesspoint/x", "a/../b", "evil.example/x?"]
)
def test_only_buckets_are_asked_for_files(cloud, queue, bucket, monkeypatch):
    monkeypatch.setattr(poll_module, "_fetch", pytest.fail)
    send(cloud, queue, {"s3Bucket": bucket, "s3ObjectKey": ["AWSLogs/x.json.gz"]})
    poll()
    assert "is no bucket's name" in TrailError.objects.get(kind="unreadable").message


def test_of_files_no_more_calls_are_held_at_once_than_are_stored(cloud, queue, monkeypatch):
    sizes = []
    monkeypatch.setattr(poll_module, "MOST_AT_ONCE", 2)
    monkeypatch.setattr(poll_module, "_fetch", lambda *_: log_file(*map(opened, "abcde")))

    def keep(calls, **given):
        sizes.append(len(calls))
        return store_calls(calls, **given)

    monkeypatch.setattr(poll_module, "store_calls", keep)
    send(cloud, queue, {"s3Bucket": "trail", "s3ObjectKey": ["AWSLogs/x.json.gz"]})
    poll()
    assert max(sizes) == 2
    assert ApiActivity.objects.filter(handled_at__isnull=False).count() == 5


def test_troubles_without_end_are_counted_together(queue, monkeypatch):
    monkeypatch.setattr(trouble, "MOST_ROWS", 3)
    owner = CloudAccount.objects.get()
    for number in range(4):
        found = [trouble.trouble(owner, "region", f"r-{number}-{n}", "m", "b") for n in range(2)]
        trouble.note_troubles(found, now=NOW)
    trouble.note_troubles([trouble.trouble(owner, "region", "r-0-0", "m")], now=NOW)
    rows = TrailError.objects.order_by("what").values_list("what", "count")
    assert list(rows) == [("others", 5), ("r-0-0", 2), ("r-0-1", 1), ("r-1-0", 1)]


def test_a_file_that_cannot_be_read_stays_in_the_queue_until_it_was_tried_for_hours(cloud, queue):
    notified = {"s3Bucket": "not-there", "s3ObjectKey": ["AWSLogs/x.json.gz"]}
    send(cloud, queue, notified)
    poll()
    assert waiting(cloud, queue) == 1
    assert TrailError.objects.get().kind == "queue"


def test_what_was_tried_for_hours_is_kept_as_a_row_and_goes(cloud, queue):
    notified = {"s3Bucket": "not-there", "s3ObjectKey": ["AWSLogs/x.json.gz"]}
    told = {"SentTimestamp": str(int(NOW.timestamp() * 1000)), "ApproximateReceiveCount": "5"}
    raw = {"MessageId": "m", "Body": json.dumps(notified), "Attributes": told}
    owner = CloudAccount.objects.get()
    assert take_messages(owner, [raw], now=later(hours=5)) == []
    assert take_messages(owner, [raw], now=later(hours=7)) == [raw]
    assert TrailError.objects.get(kind="unreadable").message.startswith("NoSuchBucket")


def test_one_message_that_the_database_refuses_stops_no_other(cloud, queue, monkeypatch):
    real = store.targets_of

    def refuse(call):
        if call.request.get("groupId") == "sg-bad":
            raise ValueError("no")
        return real(call)

    monkeypatch.setattr(store, "targets_of", refuse)
    send(cloud, queue, event(opened("sg-bad")), event(opened("sg-1")))
    assert poll() == 1
    assert waiting(cloud, queue) == 1
    assert ApiActivity.objects.get().request["groupId"] == "sg-1"


def test_processes_that_are_told_the_same_at_once_store_it_once(queue):
    calls = [read_record(opened(f"sg-{n}"), now=NOW) for n in range(20)]

    def take(number):
        try:
            store_calls(calls, via="queue", now=later(seconds=number))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(take, range(3)))
    assert ApiActivity.objects.count() == ActivityTarget.objects.count() == 20
    assert ChangeEvent.objects.filter(source="cloudtrail").count() == 20


def test_a_call_that_names_nothing_has_its_scope_asked_soon(cloud, queue):
    ensure_scopes(now=NOW)
    Scope.objects.update(next_at=later(minutes=5))
    send(cloud, queue, event(record("CreateSecurityGroup", {"x": 1}, at=later(minutes=1))))
    poll(later(minutes=1))
    scope = Scope.objects.get(technology="aws.ec2.securitygroup")
    assert scope.next_at == later(minutes=1, seconds=10)


def test_acting_on_calls_costs_the_same_however_many_there_are(cloud, queue):
    ensure_scopes(now=NOW)
    costs = []
    for number in (1, 10, 20):
        at = later(minutes=number)
        told = [opened(f"sg-{number}-{n}", at=at) for n in range(number)]
        store_calls([read_record(one, now=at) for one in told], via="queue", now=at)
        with CaptureQueriesContext(connection) as queries:
            handle_activities(now=at)
        costs.append(len(queries))
    assert costs[2] <= costs[1] + 1 <= 20


def test_a_queue_that_is_not_there_is_told_of_and_stops_no_other(cloud, queue):
    make_account("222222222222", "other", trail_queue_url=queue + "-gone")
    send(cloud, queue, event(opened("sg-1")))
    assert poll() == 1
    row = TrailError.objects.get()
    assert (row.kind, row.account.name) == ("queue", "other")


def test_calls_of_accounts_that_nobody_knows_are_counted_at_the_queues_owner(cloud, queue):
    other = make_account("222222222222", "other")
    mine = opened("sg-1", recipientAccountId="222222222222")
    strange = [opened(f"sg-{n}", recipientAccountId="333333333333") for n in range(3)]
    send(cloud, queue, event(mine), *map(event, strange))
    poll()
    assert ApiActivity.objects.get().account == other
    row = TrailError.objects.get()
    assert (row.kind, row.what, row.count) == ("account", "333333333333", 3)


def test_a_call_has_the_resource_asked_about_at_once_and_more_of_them_once_more(cloud, queue):
    ensure_scopes(now=NOW)
    send(cloud, queue, event(opened("sg-1")))
    poll(later(minutes=1))
    first = Collection.objects.get(reason="event")
    assert (first.targets, first.due_at) == (["sg-1"], later(minutes=1))
    Collection.objects.filter(pk=first.pk).update(
        state="done", started_at=later(minutes=1), finished_at=later(minutes=1, seconds=1)
    )
    for second in (2, 3, 4):
        send(cloud, queue, event(opened("sg-1", at=later(minutes=1, seconds=second))))
        poll(later(minutes=1, seconds=second))
    (again,) = Collection.objects.filter(reason="event", state="due")
    assert again.due_at == later(minutes=1, seconds=6)


def test_what_was_refused_is_stored_and_nothing_is_asked_about(cloud, queue):
    ensure_scopes(now=NOW)
    send(cloud, queue, event(opened("sg-1", errorCode="Client.UnauthorizedOperation")))
    poll()
    assert ApiActivity.objects.get().error_code == "Client.UnauthorizedOperation"
    assert not Collection.objects.filter(reason="event").exists()
    assert not ChangeEvent.objects.filter(source="cloudtrail").exists()


def test_calls_in_a_region_that_is_not_watched_are_noted(cloud, queue):
    ensure_scopes(now=NOW)
    send(cloud, queue, event(opened("sg-1", awsRegion="ap-south-1")))
    poll()
    assert TrailError.objects.get(kind="region").what == "ap-south-1"
