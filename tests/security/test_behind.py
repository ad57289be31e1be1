"""What a change reaches, and what happened around it."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chronos.normalise import Change
from chronos.record import record_changes
from security.history import look_around, look_behind
from security.models import CloudResource, ConfigRevision, Relation
from tests.accounts.people import make_person
from tests.alerts.makers import make_alert
from tests.security.collecting import NOW, later, make_account
from tests.security.revising import group_of, make_resource, revise, rule

pytestmark = pytest.mark.django_db
INTERFACE, LIST = "aws.ec2.thing", "aws.ec2.prefixlist"


@pytest.fixture
def account():
    return make_account()


def refer(source, kind, target):
    Relation.objects.create(source=source, kind=kind, target=target)


def reached(resource):
    behind = look_behind(resource)
    return {f"{row.resource_id} {group.relation}" for group in behind.groups for row in group.rows}


def test_interfaces_are_behind_a_group_and_groups_and_they_behind_a_prefix_list(account):
    prefixes = make_resource(account, "pl-1", {"entries": []}, technology=LIST)
    group = make_resource(account, "sg-1", group_of())
    other = make_resource(account, "sg-2", group_of())
    eni = make_resource(account, "eni-1", {"name": ""}, technology=INTERFACE)
    far = make_resource(account, "eni-2", {"name": ""}, technology=INTERFACE)
    refer(group, "prefix list", "pl-1")
    refer(eni, "security group", "sg-1")
    refer(other, "peer", "sg-1")
    refer(far, "security group", "sg-2")
    assert reached(prefixes) == {"sg-1 prefix list", "eni-1 security group"}
    # Who names it as a peer is told, but not what is in that.
    assert reached(group) == {"eni-1 security group", "sg-2 peer"}


def test_what_is_deleted_or_elsewhere_is_not_behind_it(account):
    group = make_resource(account, "sg-1", group_of())
    gone = make_resource(account, "eni-1", {"name": ""}, technology=INTERFACE)
    CloudResource.objects.filter(pk=gone.pk).update(state="deleted")
    there = make_account("999999999999", "other")
    foreign = make_resource(there, "eni-2", {"name": ""}, technology=INTERFACE)
    for row in (gone, foreign):
        refer(row, "security group", "sg-1")
    assert reached(group) == set()


def test_what_is_behind_takes_two_statements_and_says_when_it_stops(account, monkeypatch):
    group = make_resource(account, "sg-1", group_of())
    inner = make_resource(account, "sg-2", group_of())
    refer(inner, "prefix list", "sg-1")
    for number in range(5):
        eni = make_resource(account, f"eni-{number}", {"name": ""}, technology=INTERFACE)
        refer(eni, "security group", "sg-2")
    with CaptureQueriesContext(connection) as queries:
        assert look_behind(group).count == 6
    assert len(queries) == 2
    monkeypatch.setattr("security.history.behind.MOST", 3)
    assert look_behind(group).limited


def test_what_names_the_resource_is_nearer_than_what_shares_its_account(account):
    resource = make_resource(account, "sg-1", group_of(), tags={"service": "shop", "env": "prod"})
    revision = ConfigRevision.objects.get(resource=resource)
    for name, fields in (
        ("account", {"labels": {"account": account.account_id}}),
        ("resource", {"labels": {"group_id": "sg-1"}}),
        ("service", {"service": "shop"}),
        ("late", {"service": "shop", "received_at": later(minutes=61)}),
        ("early", {"service": "shop", "received_at": later(minutes=-16)}),
        ("elsewhere", {"service": "billing", "region": resource.region}),
    ):
        at = fields.pop("received_at", NOW)
        make_alert(name=name, received_at=at, starts_at=at, **fields)
    changes = [
        Change("deployment", "shop 4", service="shop", started_at=later(minutes=-30)),
        Change("deployment", "shop 3", service="shop", started_at=later(minutes=-61)),
        Change("deployment", "billing 9", service="billing", started_at=NOW),
        Change("config", "shop pool", service="shop", started_at=NOW),
    ]
    record_changes(changes, now=NOW)
    with CaptureQueriesContext(connection) as queries:
        around = look_around(revision)
    assert [near.row.name for near in around.alerts] == ["resource", "service", "account"]
    assert [near.row.title for near in around.deployments] == ["shop 4"]
    assert len(queries) <= 6


@pytest.mark.parametrize("model", ["configrevision", "cloudresource", "comment", "review"])
def test_nobody_edits_ledgers_in_the_admin(client, model):
    client.force_login(make_person("administrator"))
    assert client.get(f"/admin/security/{model}/add/").status_code == 403


def test_a_revision_s_admin_page_refuses_what_is_posted(client, account):
    resource = make_resource(account, "sg-1", group_of())
    revision = ConfigRevision.objects.get(resource=resource)
    client.force_login(make_person("administrator"))
    path = f"/admin/security/configrevision/{revision.pk}/change/"
    assert client.get(path).status_code == 200
    assert client.post(path, {"summary": "x", "config": "{}"}).status_code == 403
    assert client.post(path.replace("change", "delete"), {"post": "yes"}).status_code == 403
    revision.refresh_from_db()
    assert revision.config["name"] == "web"


def test_much_at_once_is_told_in_part(client, account):
    client.force_login(make_person("viewer"))
    resource = make_resource(account, "sg-1", group_of())
    many = [rule(f"10.{n // 250}.{n % 250}.0/24") for n in range(600)]
    revision = revise(resource, group_of(*many), at=later(hours=1))
    assert "and 580 more" in client.get(resource.get_absolute_url()).content.decode()
    assert "and 100 more" in client.get(revision.get_absolute_url()).content.decode()


def test_in_a_storm_the_closest_and_what_names_the_resource_are_found(account, monkeypatch):
    monkeypatch.setattr("security.history.around._LOOKED_AT", 4)
    resource = make_resource(account, "sg-1", group_of())
    revision = ConfigRevision.objects.get(resource=resource)
    here = {"labels": {"account": account.account_id}}
    far = later(minutes=50)
    make_alert(name="own", received_at=far, starts_at=far, resource="sg-1")
    make_alert(name="close", received_at=NOW, starts_at=NOW, **here)
    for minute in range(51, 59):
        at = later(minutes=minute)
        make_alert(name="storm", received_at=at, starts_at=at)
    assert [near.row.name for near in look_around(revision).alerts] == ["own", "close"]
