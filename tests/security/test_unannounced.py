"""Changes and calls held against each other, as a page and by the API."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from opsportal.lib.times import format_instant, utc_now
from security.activity.call import read_record
from security.activity.prune import prune_activities
from security.activity.store import store_calls
from security.cause.reconcile import reconcile
from security.models import (
    ApiActivity,
    CloudAccount,
    CloudResource,
    ConfigRevision,
    RevisionCause,
    TrailError,
)
from security.tasks import keep_activities, watch_trails
from tests.accounts.people import bearer, make_key, make_person
from tests.security.collecting import GROUPS, NOW, later, make_account
from tests.security.trail import CI, opened

pytestmark = pytest.mark.django_db(transaction=True)
PAGE, API = "/security/unannounced/", "/api/v1/security"


def counted():
    return CaptureQueriesContext(connection)


def make_revision(account, resource_id, attribution="none", at=NOW):
    """A revision as the engine would have written it."""
    hashes = {"complete_hash": "x", "durable_hash": "x", "normaliser_version": 1}
    resource = CloudResource.objects.create(
        account=account, region="eu-west-1", technology=GROUPS, resource_id=resource_id,
        first_seen_at=at, changed_at=at, captured_at=at, config={}, **hashes,
    )  # fmt: skip
    return ConfigRevision.objects.create(
        resource=resource, number=1, kind="changed", source="poll", change_class="security",
        captured_at=at, captured_before_at=at, config={}, account=account, region="eu-west-1",
        technology=GROUPS, attribution=attribution, summary="+ in tcp 22 ipv4 0.0.0.0/0",
        **hashes,
    )  # fmt: skip


def hear(*records, now=NOW):
    taken = store_calls([read_record(told, now=now) for told in records], via="queue", now=now)
    return taken.activities


@pytest.fixture
def account():
    return make_account()


def test_each_account_is_balanced(account):
    for number, attribution in enumerate(("none", "exact", "exact", "likely", "pending")):
        make_revision(account, f"sg-{number}", attribution)
    first, second = hear(opened("sg-1"), opened("sg-2", at=later(seconds=1)))
    cause = ConfigRevision.objects.get(resource__resource_id="sg-1")
    RevisionCause.objects.create(revision=cause, activity=first, confidence="exact")
    (row,) = reconcile(now=later(hours=2))
    assert (row.announced, row.guessed, row.pending, row.unannounced) == (2, 1, 1, 1)
    assert (row.calls, row.without_effect, row.coverage) == (2, 1, 75)
    assert row.trail == "heard"
    assert second.is_watched


def test_the_page_shows_it_and_costs_the_same_however_much_there_is(account, client):
    client.force_login(make_person("viewer"))
    now = utc_now()
    costs = []
    for number in range(3):
        other = make_account(f"{number}" * 12, f"other-{number}")
        make_revision(other, f"sg-{number}", at=now)
        hear(opened(f"sg-{number}", recipientAccountId=other.account_id), now=now)
        TrailError.objects.create(
            account=other, kind="unreadable", what="<b>m</b>", first_at=now, last_at=now
        )
        with counted() as queries:
            answer = client.get(PAGE)
        assert answer.status_code == 200
        costs.append(len(queries))
    assert costs[0] == costs[-1]
    text = answer.content.decode()
    assert "+ in tcp 22 ipv4 0.0.0.0/0" in text
    assert "<b>m</b>" not in text


def test_older_changes_are_on_the_next_page(account, client):
    client.force_login(make_person("viewer"))
    for number in range(52):
        make_revision(account, f"sg-{number}")
    first = client.get(PAGE)
    assert len(first.context["revisions"]) == 50
    second = client.get(PAGE, {"before": first.context["older"]})
    assert len(second.context["revisions"]) == 2
    assert client.get(PAGE, {"before": "9" * 30}).status_code == 200


def get(path, **params):
    headers = bearer(make_key("security:read")[1])
    return Client().get(f"{API}{path}", params, headers=headers)


def test_calls_are_found_by_what_they_say(account):
    denied = opened("sg-2", at=later(minutes=1), errorCode="AccessDenied")
    hear(opened("sg-1"), denied, {**opened("sg-3", at=later(minutes=2)), "userIdentity": CI})

    def found(**params):
        rows = get("/activity", **params).json()["results"]
        return [row["resources"][0]["resource_id"] for row in rows]

    assert found() == ["sg-3", "sg-2", "sg-1"]
    assert found(error="any") == found(error="AccessDenied") == ["sg-2"]
    assert found(error="none", actor="alice") == ["sg-1"]
    assert found(resource="sg-3", technology=GROUPS) == ["sg-3"]
    assert found(account="999999999999") == []
    assert found(since=format_instant(later(seconds=90))) == ["sg-3"]
    assert found(action="AuthorizeSecurityGroupIngress", service="ec2", tool="aws-cli") == found()
    page = get("/activity", limit=2).json()
    assert len(page["results"]) == 2
    following = Client().get(page["next"], headers=bearer(make_key("security:read")[1])).json()
    assert [row["id"] for row in following["results"]] == [ApiActivity.objects.earliest("at").pk]


@pytest.mark.parametrize(
    "params", [{"actor": "a\0"}, {"since": "never"}, {"resource": "x" * 2000}, {"cursor": "x"}]
)
def test_what_cannot_be_looked_for_is_refused(params):
    assert get("/activity", **params).status_code == 400


def test_causes_and_balances_are_answered(account):
    revision = make_revision(account, "sg-1")
    (activity,) = hear(opened("sg-1"))
    RevisionCause.objects.create(revision=revision, activity=activity, confidence="exact")
    (cause,) = get(f"/revisions/{revision.pk}/causes").json()
    assert (cause["confidence"], cause["activity"]["actor"]) == ("exact", "alice")
    assert cause["facts"] == ["no deploy"]
    assert get("/unannounced").json()["accounts"][0]["account"] == account.account_id


def test_a_page_of_calls_costs_the_same_however_many_there_are(account):
    headers, costs = bearer(make_key("security:read")[1]), []
    for number in range(3):
        hear(*(opened(f"sg-{n}", at=later(minutes=number)) for n in range(1 + 5 * number)))
        with counted() as queries:
            Client().get(f"{API}/activity", headers=headers)
        costs.append(len(queries))
    assert costs[1] == costs[-1]


def test_old_calls_go_and_causes_stay_with_their_revisions(account):
    revision = make_revision(account, "sg-1")
    first, _ = hear(opened("sg-1"), opened("sg-2"))
    RevisionCause.objects.create(revision=revision, activity=first, confidence="exact")
    TrailError.objects.create(account=account, kind="region", first_at=NOW, last_at=NOW)
    assert prune_activities(now=later(days=399)) == 0
    assert prune_activities(now=later(days=401)) == 1
    assert ApiActivity.objects.get() == first
    assert not TrailError.objects.exists()


def test_the_jobs_run(account):
    watch_trails()
    keep_activities()


def test_storing_costs_the_same_however_many_calls_there_are(account):
    costs = []
    for number in range(1, 4):
        CloudAccount.objects.update(trail_heard_at=NOW)
        with counted() as queries:
            hear(*(opened(f"sg-{n}", at=later(minutes=number)) for n in range(10 * number)))
        costs.append(len(queries))
    assert costs[1] == costs[2] <= 25
