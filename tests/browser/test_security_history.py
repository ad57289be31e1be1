"""Pages of configurations in a real browser: nothing complains, nothing scrolls sideways."""

import os

import pytest

from security.models import ApiActivity, ConfigRevision, Finding, Relation, RevisionCause
from tests.alerts.makers import make_alert
from tests.browser.test_pages import CHROMIUM, chromium, visit
from tests.security.collecting import later, make_account
from tests.security.revising import group_of, make_resource, revise, rule

__all__ = ["chromium", "visit"]  # fixtures
pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH"),
]
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Sid": "Read", "Effect": "Allow", "Principal": "*", "Action": ["s3:GetObject", "s3:List*"],
         "Resource": "arn:aws:s3:::shop-assets/*",
         "Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}},
        {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*",
         "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
    ],
}  # fmt: skip


@pytest.fixture
def paths() -> list[str]:
    """Every page, with much on it."""
    account = make_account(name="production-europe")
    rules = [rule(f"10.{number}.0.0/16", "office " * (number % 4), 443) for number in range(9)]
    group = make_resource(
        account, "sg-0a1b2c3d4e5f60718", group_of(rule(), *rules, name="shop-frontend"),
        tags={"service": "shop", "env": "prod", "owner": "team-checkout"},
        arn="arn:aws:ec2:eu-west-1:123456789012:security-group/sg-0a1b2c3d4e5f60718",
    )  # fmt: skip
    opened = revise(
        group, group_of(rule("0.0.0.0/0", "temp"), *rules[1:], name="shop-frontend"),
        at=later(hours=1), actor="alice", attribution="exact", score_change=10,
    )  # fmt: skip
    renamed = [rule("10.1.0.0/16", "head office", 443), *rules[2:]]
    revise(
        group, group_of(rule("0.0.0.0/0", "temp"), *renamed, name="shop-frontend"),
        at=later(hours=30), attribution="none", change_class="cosmetic",
    )  # fmt: skip
    bucket = make_resource(
        account, "shop-assets", {"policy": POLICY, "versioning": "Enabled", "acl": None},
        technology="aws.s3.thing", name="shop-assets",
    )  # fmt: skip
    bucket.unknown = {"logging": {"code": "AccessDenied", "action": "s3:GetBucketLogging"}}
    bucket.save()
    for number in range(7):
        eni = make_resource(account, f"eni-0{number}", {"name": ""}, technology="aws.ec2.thing")
        Relation.objects.create(source=eni, kind="group", target=group.resource_id)
    call = ApiActivity.objects.create(
        event_id="e1", account=account, at=later(hours=1), received_at=later(hours=1),
        service="ec2", action="AuthorizeSecurityGroupIngress", actor="alice", mfa=False,
        session_name="alice@laptop", source_address="198.51.100.7",
        user_agent="APN/1.0 HashiCorp/1.0 Terraform/1.9.5 (+https://www.terraform.io) " * 2,
    )  # fmt: skip
    RevisionCause.objects.create(revision=opened, activity=call, confidence="exact")
    Finding.objects.create(
        resource=group, check_id="SG-02", fingerprint="f", status="open", score=10,
        summary="SSH is open to 0.0.0.0/0", first_seen_at=later(hours=1), introduced_by=opened,
        opened_at=later(hours=1), seen_at=later(hours=1), account=account,
        technology=group.technology,
    )  # fmt: skip
    group.score = 10
    group.save()
    make_alert(
        name="PortScan", summary="much knocking at 22", service="shop", severity="high",
        received_at=later(hours=30, minutes=20), starts_at=later(hours=30, minutes=20),
    )  # fmt: skip
    first = ConfigRevision.objects.filter(resource=group).order_by("number")[0]
    return [
        "/security/",
        f"/security/resources/{group.pk}/",
        f"/security/resources/{bucket.pk}/",
        opened.get_absolute_url(),
        f"/security/compare/?from={first.pk}&to={opened.pk}",
        "/security/inventory/",
        "/security/inventory/?at=2026-03-02T14:00Z",
        "/security/addresses/?q=10.1.2.3",
    ]


def test_nothing_complains_and_nothing_is_too_wide(visit, paths):
    assert visit.too_wide(paths) == []
    assert visit.complaints == []
    for scheme in ("light", "dark") if (shots := os.environ.get("OPSPORTAL_TEST_SHOTS")) else ():
        visit.page.emulate_media(color_scheme=scheme)
        for width in (1440, 390):
            visit.page.set_viewport_size({"width": width, "height": 900})
            for number, path in enumerate(paths):
                visit.open(path)
                name = f"{shots}/{number}-{width}-{scheme}.png"
                visit.page.screenshot(path=name, full_page=True)
