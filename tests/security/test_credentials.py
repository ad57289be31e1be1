"""Credentials: one report for all users, and questions about those only whose row is new."""

import pytest
from botocore.stub import Stubber

from opsportal.lib.aws.access import Access
from opsportal.lib.outbox import claim_due
from security.collect import run_collection
from security.collect.plan import ask_about
from security.collectors import iam_credentials
from security.collectors.iam_credentials import ROOT, Credentials
from security.models import ConfigRevision, Scope
from security.tasks import CollectionOutbox
from tests.alerts.moto import ACCOUNT
from tests.security.collecting import collect, deny, later, make_account, resource

SLUG = "aws.iam.credentials"
HEADER = (
    "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,"
    "mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_2_active\n"
)


@pytest.fixture(autouse=True)
def waits(monkeypatch):
    """How long the collector waited for the report."""
    waited = []
    monkeypatch.setattr(iam_credentials.time, "sleep", waited.append)
    return waited


@pytest.fixture
def access(cloud):
    return Access(ACCOUNT, "aws", "")


def make_user(cloud, name="ann"):
    iam = cloud.client("iam")
    iam.create_user(UserName=name)
    iam.create_login_profile(UserName=name, Password="secret-2-Secret")
    return iam.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"]


@pytest.mark.django_db(transaction=True)
def test_users_are_asked_about_once_and_again_when_their_row_is_new(cloud):
    make_account()
    key = make_user(cloud)
    make_user(cloud, "bob")
    collect(SLUG)
    assert resource("ann").config["keys"][0]["id"] == key
    assert resource("ann").config["password"]["reset_required"] is False
    assert cloud.asked("ListAccessKeys") == 2
    (row,) = collect(SLUG, now=later(hours=1))
    assert (row.http_calls, row.changed) == (2, 0)
    cloud.client("iam").update_access_key(UserName="ann", AccessKeyId=key, Status="Inactive")
    (row,) = collect(SLUG, now=later(hours=2))
    assert (cloud.asked("ListAccessKeys"), row.changed) == (3, 1)
    assert resource("ann").config["keys"][0]["status"] == "Inactive"
    assert resource("bob").config["keys"][0]["status"] == "Active"


@pytest.mark.django_db(transaction=True)
def test_a_user_that_an_old_report_does_not_have_is_asked_for_and_not_called_gone(cloud):
    make_account()
    make_user(cloud)
    collect(SLUG)
    old = cloud.client("iam").get_credential_report()["Content"].decode()
    make_user(cloud, "new")
    collect(SLUG, now=later(hours=1))
    events = Access(ACCOUNT, "aws", "").client("iam").meta.events
    events.register(
        "after-call.iam.GetCredentialReport",
        lambda parsed, **_: parsed.update(Content=old.encode()),
    )
    for hours in (2, 3):
        collect(SLUG, now=later(hours=hours))
        assert resource("new").state == "active"
    cloud.client("iam").delete_login_profile(UserName="new")
    for row in cloud.client("iam").list_access_keys(UserName="new")["AccessKeyMetadata"]:
        cloud.client("iam").delete_access_key(UserName="new", AccessKeyId=row["AccessKeyId"])
    cloud.client("iam").delete_user(UserName="new")
    collect(SLUG, now=later(hours=4))
    assert resource("new").state == "deleted"


@pytest.mark.django_db(transaction=True)
def test_a_report_that_is_not_ready_fails_the_collection_and_nobody_is_gone(cloud, waits):
    make_account()
    make_user(cloud)
    collect(SLUG)
    iam = Access(ACCOUNT, "aws", "").client("iam")
    waits.clear()
    with Stubber(iam) as stub:
        for _ in iam_credentials.WAITS:
            stub.add_response("generate_credential_report", {"State": "INPROGRESS"})
        stub.add_client_error("get_credential_report", "ReportInProgress", http_status_code=404)
        (row,) = collect(SLUG, now=later(hours=1))
    assert (row.outcome, row.error_code) == ("failed", "ReportInProgress")
    assert tuple(waits) == iam_credentials.WAITS
    assert resource("ann").state == "active"


def test_a_report_is_waited_for_while_it_is_made(cloud, access, waits):
    make_user(cloud)
    ((found,),) = Credentials.pages(access)
    assert found.resource_id == "ann"
    assert waits == [0]


@pytest.mark.parametrize("content", ["", "<html>busy</html>", "user,arn\nann,x\n"])
def test_what_is_no_report_is_an_error(cloud, access, content):
    iam = access.client("iam")
    with Stubber(iam) as stub:
        stub.add_response("generate_credential_report", {"State": "COMPLETE"})
        stub.add_response("get_credential_report", {"Content": content.encode()})
        with pytest.raises(iam_credentials.ReportError):
            list(Credentials.pages(access))


def test_the_account_s_own_user_is_known_by_the_report_alone(cloud, access):
    row = (
        f"{ROOT},arn:aws:iam::{ACCOUNT}:root,2020-01-01T00:00:00+00:00,not_supported,"
        "no_information,not_supported,true,true,2020-02-01T00:00:00+00:00,false\n"
    )
    with Stubber(access.client("iam")) as stub:
        stub.add_response("generate_credential_report", {"State": "COMPLETE"})
        stub.add_response("get_credential_report", {"Content": (HEADER + row).encode()})
        ((found,),) = Credentials.pages(access)
    assert found.more is None
    assert [key["id"] for key in found.config["keys"]] == ["1"]
    assert found.config["mfa"][0]["id"] == "root"


@pytest.mark.django_db(transaction=True)
def test_one_facet_that_is_denied_is_unknown_and_asked_for_again(cloud, access):
    make_account()
    make_user(cloud)
    allow = deny(access, "iam", "ListMFADevices")
    collect(SLUG)
    assert resource("ann").unknown["mfa"]["action"] == "iam:ListMFADevices"
    assert resource("ann").config["keys"]
    allow()
    collect(SLUG, now=later(hours=1))
    assert resource("ann").unknown == {}
    assert resource("ann").config["mfa"] == []
    assert ConfigRevision.objects.filter(resource__resource_id="ann").count() <= 2


@pytest.mark.django_db(transaction=True)
def test_a_key_that_an_event_told_of_is_one_revision_also_when_the_report_has_it(cloud):
    make_account()
    make_user(cloud)
    collect(SLUG)
    key = cloud.client("iam").create_access_key(UserName="ann")["AccessKey"]["AccessKeyId"]
    at = later(minutes=1)
    ask_about(Scope.objects.get(technology=SLUG), ["ann"], reason="event", due_at=at, now=at)
    (row,) = claim_due(CollectionOutbox(), at, 50)
    run_collection(row, clock=lambda: at)
    collect(SLUG, now=later(hours=1))
    found = ConfigRevision.objects.filter(resource__resource_id="ann").order_by("number")
    assert [(row.kind, row.source) for row in found] == [("created", "poll"), ("changed", "event")]
    assert key in found[1].summary
    assert resource("ann").config["report"]["access_key_2_active"] is True
