"""As whom the sources of AWS come in, where they look, and that a failure loses nothing."""

import re
from pathlib import Path
from types import SimpleNamespace

import boto3
import pytest
from django.conf import settings as portal

from certs.models import Placement, Source
from certs.normalise import FoundName
from certs.sources import Ask, SourceError, source_kind
from certs.sources.aws.acm import AcmCertificates
from certs.sources.aws.base import AwsSource
from certs.sources.aws.elb import LoadBalancers
from certs.sources.aws.iam import IamCertificates
from certs.sources.aws.route53 import Zones
from opsportal.lib.aws import access as clients
from opsportal.lib.aws.accounts import further_actions
from opsportal.lib.registry import plugins
from tests.alerts.moto import ACCOUNT, REGION
from tests.certs.aws.clouds import answering, import_to_acm, leaf, look, look_until
from tests.certs.aws.test_acm import ARN, bodies, detail, paging, refused
from tests.certs.pki import NOW, later
from tests.certs.shelf import run

OTHER = "210987654321"
ROLE = f"arn:aws:iam::{OTHER}:role/ops/opsportal"
KNOWN: list[SimpleNamespace] = []


def known_accounts():
    """What an app that configures accounts would say."""
    return KNOWN


def account(name, number=ACCOUNT, role_arn="", regions=(REGION,)):
    return SimpleNamespace(
        name=name, account_id=number, partition="aws", role_arn=role_arn,
        external_id="s3cret" if role_arn else None, regions=list(regions),
    )  # fmt: skip


@pytest.fixture
def accounts(settings):
    settings.CLOUD_ACCOUNTS = [f"{__name__}.known_accounts"]
    KNOWN[:] = [account("main"), account("other", OTHER, ROLE, (REGION, "us-east-1"))]
    yield KNOWN
    KNOWN.clear()


def names(found):
    return [each.parsed.common_name for each in found if each.position == 0]


def test_accounts_by_name_in_their_own_regions(cloud, accounts):
    import_to_acm(cloud, leaf("mine.example"))
    theirs = cloud.client("sts").assume_role(RoleArn=ROLE, RoleSessionName="test")["Credentials"]
    for region in (REGION, "us-east-1"):
        shop = leaf(f"{region}.example")
        boto3.client(
            "acm", region, endpoint_url=cloud.url, aws_access_key_id=theirs["AccessKeyId"],
            aws_secret_access_key=theirs["SecretAccessKey"],
            aws_session_token=theirs["SessionToken"],
        ).import_certificate(Certificate=shop.pem, PrivateKey=shop.key_pem)  # fmt: skip
    source = AcmCertificates()
    assert names(look(source, accounts=["main"])) == ["mine.example"]
    wide = ["eu-west-1.example", "us-east-1.example"]
    assert names(look(source, accounts=["other"])) == wide
    assert names(look(source, accounts=["*"])) == ["mine.example", *wide]
    assert names(look(source, accounts=["other"], regions=["us-east-1"])) == wide[1:]
    # The same by a role that only this source names.
    own = look(source, {"external_id": "s3cret"}, role_arn=ROLE, regions=["us-east-1"])
    assert names(own) == wide[1:]


def test_an_account_that_may_not_be_read_is_told_and_the_others_are_read(cloud, accounts):
    import_to_acm(cloud, leaf("mine.example"))
    found, message = look_until(AcmCertificates(), accounts=["gone", "main"])
    assert names(found) == ["mine.example"]
    assert message == "gone: no such cloud account, or it is disabled, frozen or not watched."
    accounts.clear()
    assert look_until(AcmCertificates(), accounts=["*"]) == (
        [],
        "There is no cloud account that may be read.",
    )


def test_a_role_that_cannot_be_assumed_fails_alone_and_its_secret_is_not_told(
    cloud, accounts, monkeypatch
):
    def denied(options):
        assert options["ExternalId"] == "s3cret"
        raise refused("AccessDenied", "AssumeRole", 403)

    answers = {
        "AssumeRole": denied,
        "ListCertificates": paging([[f"{ARN}0"]]),
        "DescribeCertificate": lambda options: detail(options["CertificateArn"]),
        "GetCertificate": bodies(leaf("mine.example")),
    }
    with answering(monkeypatch, answers):
        found, message = look_until(AcmCertificates(), accounts=["*"])
    assert names(found) == ["mine.example"]
    assert message.startswith("other eu-west-1: AccessDenied: ")
    assert "s3cret" not in message


def test_credentials_that_were_refused_are_asked_for_anew(cloud, accounts, monkeypatch):
    def expired(options):
        raise refused("ExpiredTokenException", "ListCertificates")

    given = {"AccessKeyId": "k", "SecretAccessKey": "s", "SessionToken": "t",
             "Expiration": later(hours=1)}  # fmt: skip
    answers = {"AssumeRole": lambda _: {"Credentials": given}, "ListCertificates": expired}
    with answering(monkeypatch, answers) as asked:
        for _ in range(2):
            look_until(AcmCertificates(), accounts=["other"], regions=[REGION])
        assert asked.count("AssumeRole") == 2
        assert clients._credentials == {}


def test_a_portal_that_ends_does_not_wait_for_the_last_certificate(cloud):
    import_to_acm(cloud, leaf("mine.example"))
    ask = Ask({"regions": [REGION]}, {}, NOW, stopping=lambda: True)
    with pytest.raises(SourceError, match="about to end"):
        list(AcmCertificates().look(ask))


@pytest.mark.parametrize(
    ("options", "secret", "wrong"),
    [
        ({"regions": [REGION]}, {}, []),
        ({"accounts": ["main"]}, {}, []),
        ({"role_arn": ROLE, "regions": [REGION]}, {"external_id": "s3cret"}, []),
        ({}, {}, ["regions"]),
        ({"regions": ["Ireland"]}, {}, ["regions"]),
        ({"regions": [REGION, "\0", 7]}, {}, ["regions", "regions"]),
        ({"role_arn": "opsportal", "regions": [REGION]}, {}, ["role_arn"]),
        ({"role_arn": ROLE, "accounts": ["main"]}, {}, ["role_arn"]),
        ({"regions": [REGION]}, {"external_id": "s3cret"}, ["external_id"]),
        ({"role_arn": ROLE, "regions": [REGION]}, {"external_id": "s"}, ["external_id"]),
    ],
)
def test_options_that_cannot_be_right(options, secret, wrong):
    assert [each.field for each in AcmCertificates().check(options, secret)] == wrong
    assert IamCertificates().check({}, {}) == []


def test_the_partition_follows_from_role_or_region(cloud, monkeypatch):
    seen = []

    class Looker(AwsSource):
        actions = ()

        def look_in(self, access, options):
            seen.append((access.partition, access.region, access.account_id))
            return iter([FoundName("a.example")])

    look(Looker(), regions=["cn-north-1", "cn-northwest-1"])
    look(Looker(), regions=["us-gov-west-1"])
    assert seen == [
        ("aws-cn", "cn-north-1", ACCOUNT),
        ("aws-cn", "cn-northwest-1", ACCOUNT),
        ("aws-us-gov", "us-gov-west-1", ACCOUNT),
    ]


def kinds() -> dict[str, AwsSource]:
    found = {slug: source_kind(slug) for slug in plugins("CERTIFICATE_SOURCES")}
    return {slug: kind for slug, kind in found.items() if isinstance(kind, AwsSource)}


def test_the_documented_permissions_are_those_that_are_needed():
    page = (Path(portal.BASE_DIR) / "docs" / "certs-aws.md").read_text()
    rows = re.findall(r"^\| `(aws-[a-z0-9]+)` \|.*\| ([^|]+) \|$", page, re.MULTILINE)
    documented = {slug: set(re.findall(r"`([^`]+)`", actions)) for slug, actions in rows}
    assert documented == {slug: set(kind.actions) for slug, kind in kinds().items()}
    policy = re.search(r'"Action": \[(.*?)\]', page, re.DOTALL)
    assert policy is not None
    every = {action for kind in kinds().values() for action in kind.actions}
    assert set(re.findall(r'"([^"]+)"', policy[1])) == every


@pytest.mark.django_db(transaction=True)
def test_nothing_counts_as_gone_where_a_page_or_a_region_fails(cloud, monkeypatch):
    Source.objects.create(name="acm", kind="aws-acm", options={"regions": [REGION]})
    pages = [[f"{ARN}0"], [f"{ARN}1"], [f"{ARN}2"]]
    issued = [leaf(f"{number}.example") for number in range(3)]
    answers = {
        "DescribeCertificate": lambda options: detail(options["CertificateArn"]),
        "GetCertificate": bodies(*issued),
    }
    with answering(monkeypatch, {**answers, "ListCertificates": paging(pages)}):
        assert run(NOW).outcome == "complete"
    with answering(monkeypatch, {**answers, "ListCertificates": paging(pages, failing=3)}):
        for hour in (1, 2, 3):
            done = run(later(hours=hour))
            assert (done.outcome, done.found, done.gone) == ("partial", 2, 0)
    with answering(monkeypatch, {**answers, "ListCertificates": paging(pages, failing=1)}):
        assert run(later(hours=4)).outcome == "failed"
    assert Placement.objects.filter(gone_at=None).count() == 3
    with answering(monkeypatch, {**answers, "ListCertificates": paging(pages[:2])}):
        run(later(hours=5))
        assert run(later(hours=6)).gone == 1
    assert Placement.objects.get(gone_at__isnull=False).locator == f"{ARN}2"


def test_the_sources_are_looked_for_in_both_generations_even_where_one_fails(cloud, monkeypatch):
    def refuse(options):
        raise refused("AccessDenied", "DescribeLoadBalancers", 403)

    with answering(monkeypatch, {"DescribeLoadBalancers": refuse}) as asked:
        _, message = look_until(LoadBalancers(), regions=[REGION])
    assert asked.count("DescribeLoadBalancers") == 2
    assert message.endswith("Allow elasticloadbalancing:DescribeLoadBalancers.")


@pytest.mark.django_db
def test_the_policy_of_a_cloud_account_has_what_its_sources_need(django_assert_num_queries):
    for name, kind, options, enabled in [
        ("one", "aws-iam", {"accounts": ["main"]}, True),
        ("two", "aws-route53", {"accounts": ["*"]}, True),
        ("three", "aws-acm", {"accounts": ["other"]}, True),
        ("four", "aws-elb", {"accounts": ["main"]}, False),
        ("five", "aws-cloudfront", {}, True),
        ("six", "endpoints", {"accounts": ["main"]}, True),
        ("seven", "no-such-kind", {"accounts": ["main"]}, True),
    ]:
        Source.objects.create(name=name, kind=kind, options=options, enabled=enabled)
    with django_assert_num_queries(1):
        assert further_actions("main") == {*IamCertificates.actions, *Zones.actions}
