"""The test of an account says as whom the portal comes in, and what it may not read."""

import pytest
from django.test import Client

from opsportal.accounts.actors import COMMAND_LINE
from opsportal.accounts.keys import create_key
from security.models import CloudAccount
from security.probe import probe_account, probe_accounts
from tests.alerts.moto import ACCOUNT, REGION
from tests.security.collecting import NOW, make_account

pytestmark = pytest.mark.django_db(transaction=True)
OTHER = "210987654321"
# Some of what it asks for, moto does not know.
WITHOUT = ["aws.ec2.account"]
DENIED = (
    "<Response><Errors><Error><Code>UnauthorizedOperation</Code>"
    "<Message>not you</Message></Error></Errors></Response>"
)


def problems(report):
    return {(found["what"], found["code"]) for found in report["problems"]}


def test_another_account_is_entered_by_its_role(cloud):
    account = make_account(OTHER, "other", role_name="ops", external_id="abc", without=WITHOUT)
    report = probe_account(account, now=NOW)
    assert report["identity"] == f"arn:aws:sts::{OTHER}:assumed-role/ops/opsportal"
    assert report["portal"].split(":")[4] == ACCOUNT
    assert report["ok"]


def test_credentials_of_another_account_are_no_access(cloud):
    report = probe_account(make_account(OTHER, "other"), now=NOW)
    assert problems(report) == {("credentials", "WrongAccount")}
    assert "role" in report["problems"][0]["do"]
    assert not report["ok"]


def test_a_role_that_cannot_be_assumed_says_so(cloud):
    cloud.before("AssumeRole", lambda: DENIED)
    account = make_account(OTHER, "other", role_name="ops")
    report = probe_account(account, now=NOW)
    assert problems(report) == {("credentials", "UnauthorizedOperation")}
    assert account.role_arn in report["problems"][0]["do"]


def test_what_may_not_be_read_names_the_permission(cloud):
    cloud.before("GetManagedPrefixListEntries", lambda: DENIED)
    cloud.before("DescribeSecurityGroups", lambda: DENIED)
    cloud.client("ec2").create_managed_prefix_list(
        PrefixListName="office", MaxEntries=1, AddressFamily="IPv4"
    )
    report = probe_account(make_account(), now=NOW)
    advice = {found["what"]: found["do"] for found in report["problems"]}
    assert advice["Security groups"] == "Allow ec2:DescribeSecurityGroups."
    assert advice["Prefix lists: entries"] == "Allow ec2:GetManagedPrefixListEntries."


def test_what_failed_otherwise_names_no_permission(cloud):
    page = "<!doctype html><html><title>Bad gateway</title><p>so sorry</p></html>"
    cloud.before("GetManagedPrefixListEntries", lambda: page)
    cloud.client("ec2").create_managed_prefix_list(
        PrefixListName="office", MaxEntries=1, AddressFamily="IPv4"
    )
    [found] = probe_account(make_account(without=WITHOUT), now=NOW)["problems"]
    assert (found["code"], found["do"].startswith("Is the network")) == (
        "ResponseParserError",
        True,
    )
    assert found["message"].endswith("It was a page: Bad gateway")


def test_a_test_is_asked_for_over_the_api_and_claimed_once(cloud):
    make_account(regions=[REGION, "us-east-1"], without=WITHOUT)
    key = create_key("k", ["security:read", "security:write"], actor=COMMAND_LINE, now=NOW)[1]
    client = Client(headers={"Authorization": f"Bearer {key}"})
    answer = client.post(f"/api/v1/security/accounts/{ACCOUNT}/test")
    assert answer.status_code == 202
    due_at = CloudAccount.objects.get().test_due_at
    assert answer.json()["test_due_at"] is not None
    assert probe_accounts(now=due_at) == 1
    assert probe_accounts(now=due_at) == 0
    found = client.get(f"/api/v1/security/accounts/{ACCOUNT}").json()
    assert found["test"]["ok"]
    assert found["test_due_at"] is None
    assert "external_id" not in found
    assert client.get("/api/v1/security/accounts").json()["results"][0]["name"] == "main"
    policy = client.get(f"/api/v1/security/accounts/{ACCOUNT}/policy").json()
    assert policy["Statement"][0]["Effect"] == "Allow"
