"""Faults of a cloud that answers over HTTP: moto, with what it lacks put in front of it."""

import random
from urllib.request import Request, urlopen

import pytest
from botocore.awsrequest import AWSResponse

from opsportal.lib.aws import access as clients
from security.models import CollectorError, Scope
from tests.security.collecting import GROUPS, collect, later, make_account, resource

pytestmark = pytest.mark.django_db(transaction=True)
THROTTLING = (
    b"<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>Request limit exceeded."
    b"</Message></Error></Errors><RequestID>r-1</RequestID></Response>"
)


class _Body:
    def __init__(self, content):
        self._content = content

    def stream(self, **_):
        yield self._content


def throttle(monkeypatch, share):
    """Every client throttles that share of its calls before they leave; nobody waits long."""
    make, dice = clients._made, random.Random(7)  # noqa: S311

    def made(service, *args):
        client = make(service, *args)

        def answer(request, **_):
            if dice.random() < share:
                return AWSResponse(request.url, 400, {}, _Body(THROTTLING))
            return None

        client.meta.events.register_last("before-send.ec2.*", answer)
        return client

    monkeypatch.setattr(clients, "_made", made)
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
    clients.forget_clients()


def make_groups(cloud, number):
    ec2 = cloud.client("ec2")
    names = [f"g-{index}" for index in range(number)]
    return [ec2.create_security_group(GroupName=n, Description="d")["GroupId"] for n in names]


def enforce(cloud, body):
    request = Request(f"{cloud.url}/moto-api/reset-auth", data=body, method="POST")
    request.add_header("Content-Type", "text/plain")
    with urlopen(request, timeout=10) as answer:
        answer.read()


def test_a_third_throttled_is_read_to_the_end_and_counted(cloud, monkeypatch):
    make_account()
    make_groups(cloud, 3)
    throttle(monkeypatch, 0.3)
    throttles = 0
    for minutes in range(0, 40, 5):
        (row,) = collect(GROUPS, now=later(minutes=minutes))
        assert row.outcome == "complete"
        throttles += row.throttles
    assert throttles > 0


def test_all_throttled_says_so_and_nothing_else(cloud, monkeypatch):
    make_account()
    (group, *_) = make_groups(cloud, 12)
    collect(GROUPS)
    throttle(monkeypatch, 1)
    (row,) = collect(GROUPS, now=later(minutes=5))
    assert (row.outcome, row.error_code) == ("throttled", "RequestLimitExceeded")
    assert row.throttles == row.http_calls == 10
    assert resource(group).state == "active"
    assert Scope.objects.get(technology=GROUPS).failures == 1


def test_html_in_place_of_xml_is_a_failure_and_not_an_empty_list(cloud):
    make_account()
    (group,) = make_groups(cloud, 1)
    collect(GROUPS)
    cloud.before("DescribeSecurityGroups", lambda: "<html><body>Bad Gateway</body>")
    for minutes in (5, 10):
        (row,) = collect(GROUPS, now=later(minutes=minutes))
        assert row.outcome == "failed"
    assert resource(group).state == "active"


def test_what_iam_refuses_is_denied_with_the_permission_to_grant(cloud, monkeypatch):
    iam = cloud.client("iam")
    iam.create_user(UserName="portal")
    key = iam.create_access_key(UserName="portal")["AccessKey"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
    clients.forget_clients()
    make_account()
    (group,) = make_groups(cloud, 1)
    collect(GROUPS)
    enforce(cloud, b"0")
    try:
        (row,) = collect(GROUPS, now=later(minutes=5))
    finally:
        enforce(cloud, b"1000000000")
    assert row.outcome == "denied"
    assert CollectorError.objects.get(cleared_at=None).action == "ec2:DescribeSecurityGroups"
    assert resource(group).state == "active"
    collect(GROUPS, now=later(minutes=10))
    assert not CollectorError.objects.filter(cleared_at=None).exists()


def test_a_role_that_cannot_be_assumed_is_denied_and_says_which_permission(cloud):
    make_account(role_name="opsportal", external_id="secret-word")
    refused = (
        "<ErrorResponse><Error><Code>AccessDenied</Code><Message>User is not authorized to perform:"
        " sts:AssumeRole</Message></Error></ErrorResponse>"
    )
    cloud.before("AssumeRole", lambda: refused)
    (row,) = collect(GROUPS)
    assert (row.outcome, row.error_code) == ("denied", "AccessDenied")
    error = CollectorError.objects.get(scope=row.scope_id)
    assert error.action == "sts:AssumeRole"
    assert "secret-word" not in error.message
