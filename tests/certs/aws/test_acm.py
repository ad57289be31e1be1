"""Certificates of ACM and of IAM."""

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.session import get_session

from certs.normalise import FoundCertificate, FoundTrouble
from certs.sources import SourceError
from certs.sources.aws.acm import KEY_TYPES, NOT_ISSUED, AcmCertificates
from certs.sources.aws.iam import IamCertificates
from tests.alerts.moto import ACCOUNT, REGION
from tests.certs.aws.clouds import (
    answering,
    authority,
    import_to_acm,
    leaf,
    look,
    look_until,
    of_kind,
    upload_to_iam,
)
from tests.certs.pki import NOW, new_key

ARN = f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/"


def refused(code, operation, status=400):
    about = {"HTTPStatusCode": status, "RequestId": "r-1"}
    answer = {"Error": {"Code": code, "Message": f"{code} it says"}, "ResponseMetadata": about}
    return ClientError(answer, operation)


def test_every_key_type_is_asked_for():
    acm = get_session().get_service_model("acm")
    assert set(acm.shape_for("KeyAlgorithm").enum) <= set(KEY_TYPES)
    assert set(NOT_ISSUED) < set(acm.shape_for("CertificateStatus").enum)


def test_what_was_imported_lies_at_its_arn_with_what_is_above_it(cloud):
    shop = leaf("shop.example", "www.shop.example")
    arn = import_to_acm(cloud, shop)
    found = of_kind(look(AcmCertificates(), regions=[REGION]), FoundCertificate)
    assert [each.locator for each in found] == [arn] * 3  # moto adds a root of Amazon's
    first, second, _ = found
    assert (first.parsed.sha256, first.position, first.has_key) == (shop.parsed.sha256, 0, True)
    assert (second.parsed.sha256, second.position) == (authority().parsed.sha256, 1)
    assert (second.has_key, second.facts) == (False, {})
    assert (first.facts["type"], first.facts["status"]) == ("IMPORTED", "ISSUED")
    assert first.facts["imported_at"]
    assert first.facts["region"] == REGION


def test_other_keys_and_regions_are_found_and_what_is_not_issued_is_not(cloud):
    import_to_acm(cloud, leaf("a.example", key=new_key("p384")))
    import_to_acm(cloud, leaf("b.example"), "us-east-1")
    # moto's own are of RSA, and pending for a minute.
    cloud.client("acm").request_certificate(DomainName="pending.example")
    found = look(AcmCertificates(), regions=[REGION, "us-east-1"])
    leaves = [each for each in found if each.position == 0]
    assert [each.parsed.common_name for each in leaves] == ["a.example", "b.example"]


def detail(arn, **more):
    return {"Certificate": {"CertificateArn": arn, "Status": "ISSUED", **more}}


def paging(pages, failing=None):
    """ListCertificates by page; the one of that number raises."""

    def answer(options):
        number = int(options.get("NextToken", 1))
        if number == failing:
            raise refused("InternalFailure", "ListCertificates", 500)
        rows = [{"CertificateArn": arn} for arn in pages[number - 1]]
        more = {"NextToken": str(number + 1)} if number < len(pages) else {}
        return {"CertificateSummaryList": rows, **more}

    return answer


def bodies(*issued):
    pem = {f"{ARN}{number}": each.pem.decode() for number, each in enumerate(issued)}
    return lambda options: {"Certificate": pem[options["CertificateArn"]]}


def test_how_a_renewal_goes_is_kept(cloud, monkeypatch):
    about = {
        "Type": "AMAZON_ISSUED", "InUseBy": ["arn:aws:elasticloadbalancing:x"],
        "RenewalEligibility": "ELIGIBLE", "IssuedAt": NOW, "Options": {"Export": "DISABLED"},
        "DomainValidationOptions": [{"ValidationMethod": "DNS"}, {"ValidationMethod": "DNS"}],
        "RenewalSummary": {
            "RenewalStatus": "PENDING_VALIDATION", "RenewalStatusReason": "CAA_ERROR",
            "UpdatedAt": NOW,
        },
    }  # fmt: skip
    answers = {
        "ListCertificates": paging([[f"{ARN}0"]]),
        "DescribeCertificate": lambda options: detail(options["CertificateArn"], **about),
        "GetCertificate": bodies(leaf("shop.example")),
    }
    with answering(monkeypatch, answers):
        (found,) = look(AcmCertificates(), regions=[REGION])
    assert found.facts == {
        "region": REGION, "type": "AMAZON_ISSUED", "status": "ISSUED",
        "in_use_by": ["arn:aws:elasticloadbalancing:x"], "renewal_eligibility": "ELIGIBLE",
        "renewal_status": "PENDING_VALIDATION", "renewal_reason": "CAA_ERROR",
        "renewal_updated_at": "2026-03-02T12:00:00.000000Z", "validation": ["DNS"],
        "issued_at": "2026-03-02T12:00:00.000000Z", "exportable": "DISABLED",
    }  # fmt: skip


def test_a_page_that_fails_ends_the_run_after_what_came_before(cloud, monkeypatch):
    answers = {
        "ListCertificates": paging([[f"{ARN}0"], [f"{ARN}1"], []], failing=3),
        "DescribeCertificate": lambda options: detail(options["CertificateArn"]),
        "GetCertificate": bodies(leaf("a.example"), leaf("b.example")),
    }
    with answering(monkeypatch, answers):
        found, message = look_until(AcmCertificates(), regions=[REGION])
    assert [each.locator for each in found] == [f"{ARN}0", f"{ARN}1"]
    assert message == "eu-west-1: InternalFailure: InternalFailure it says"


def test_one_that_cannot_be_read_is_a_trouble_and_one_that_went_is_none(cloud, monkeypatch):
    def read(options):
        number = options["CertificateArn"][-1]
        if number == "1":
            raise refused("AccessDeniedException", "GetCertificate")
        return {"Certificate": leaf("a.example").pem.decode() if number == "0" else "rubbish"}

    def describe(options):
        if options["CertificateArn"].endswith("3"):
            raise refused("ResourceNotFoundException", "DescribeCertificate")
        return detail(options["CertificateArn"])

    answers = {
        "ListCertificates": paging([[f"{ARN}{number}" for number in range(4)]]),
        "DescribeCertificate": describe,
        "GetCertificate": read,
    }
    with answering(monkeypatch, answers):
        found = look(AcmCertificates(), regions=[REGION])
    assert [each.locator for each in of_kind(found, FoundCertificate)] == [f"{ARN}0"]
    assert of_kind(found, FoundTrouble) == [
        FoundTrouble(
            f"{ARN}1",
            "AccessDeniedException: AccessDeniedException it says Allow acm:GetCertificate.",
        ),
        FoundTrouble(f"{ARN}2", "AWS has no certificate in it."),
    ]


def test_where_nothing_can_be_read_the_source_fails(cloud, monkeypatch):
    def unreachable(options):
        raise EndpointConnectionError(endpoint_url="https://acm.example")

    def denied(options):
        raise refused("AccessDeniedException", "ListCertificates")

    listed = paging([[f"{ARN}0", f"{ARN}1"]])
    answers = {"ListCertificates": listed, "DescribeCertificate": unreachable}
    with (
        answering(monkeypatch, answers),
        pytest.raises(SourceError, match=r"eu-west-1: EndpointConnectionError: "),
    ):
        look(AcmCertificates(), regions=[REGION])
    with (
        answering(monkeypatch, {"ListCertificates": denied}),
        pytest.raises(SourceError, match=r"Allow acm:ListCertificates\.$"),
    ):
        look(AcmCertificates(), regions=[REGION])


def test_server_certificates_of_iam(cloud):
    old = leaf("old.example")
    about = upload_to_iam(cloud, old, "old")
    upload_to_iam(cloud, leaf("other.example"), "other")
    found = look(IamCertificates())
    leaves = [each for each in found if each.position == 0]
    assert [each.parsed.common_name for each in leaves] == ["old.example", "other.example"]
    assert (leaves[0].locator, leaves[0].has_key) == (about["Arn"], True)
    assert leaves[0].facts["id"] == about["ServerCertificateId"]
    assert [each.parsed.sha256 for each in found if each.position == 1] == [
        authority().parsed.sha256
    ] * 2
