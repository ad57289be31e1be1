"""Renewed in ACM, and what the load balancer's address serves: from the listing to the alert."""

import pytest

from certs.models import Certificate, Domain, Endpoint, Placement, Proposal, Source
from tests.alerts.moto import REGION
from tests.certs.aws.clouds import authority, import_to_acm, leaf
from tests.certs.aws.test_elb import balancer, listener, subnets
from tests.certs.judging import finding, judge, kinds, open_alerts
from tests.certs.pki import DAY, NOW, later
from tests.certs.probing import names, probe
from tests.certs.serving import tls_server
from tests.certs.shelf import run

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["names", "subnets"]


def test_the_old_one_is_served_until_the_balancer_takes_the_new_one(cloud, subnets, names):
    old = leaf("shop.example", not_before=NOW - 60 * DAY)
    new = leaf("shop.example", not_before=NOW)
    arn = import_to_acm(cloud, old)
    Domain.objects.create(name="shop.example")
    Source.objects.create(name="balancers", kind="aws-elb", options={"regions": [REGION]})
    with tls_server(leaf("default.example"), by_name={"shop.example": old}) as served:
        made = balancer(cloud, subnets)
        place = listener(cloud, made, served.port, "HTTPS", arn)
        names[made["DNSName"].lower()] = ["127.0.0.1"]
        done = run()
        assert (done.outcome, done.found, done.endpoints) == ("complete", 1, 1)
        endpoint = Endpoint.objects.get()
        assert (endpoint.server_name, endpoint.provenance[0]["what"]) == ("shop.example", place)
        assert Proposal.objects.get().host == "shop.example"
        probe(endpoint)
        judge()
        row = Certificate.objects.get(sha256=old.parsed.sha256)
        assert (row.use, kinds(row)) == ("served", [])
        cloud.client("acm").import_certificate(
            CertificateArn=arn, Certificate=new.pem, PrivateKey=new.key_pem,
            CertificateChain=authority().pem,
        )  # fmt: skip
        run(later(hours=1))
        judge(later(hours=1))
        assert kinds(row) == []  # it may take a moment
        probe(endpoint, now=later(hours=3))
        judge(later(hours=3))
        assert finding(row, "stale_served").summary == (
            "was renewed 3 hours ago in balancers, and the old one is still served at 1 of 1 "
            f"addresses ({endpoint})"
        )
        assert len(open_alerts()) == 1
        run(later(hours=4))
        gone = Placement.objects.exclude(gone_at=None).get()
        assert (gone.certificate, gone.locator) == (row, place)
    with tls_server(leaf("default.example"), by_name={"shop.example": new}) as reloaded:
        Endpoint.objects.update(port=reloaded.port)
        endpoint.refresh_from_db()
        probe(endpoint, now=later(hours=5))
        judge(later(hours=5))
    assert (kinds(row), open_alerts()) == ([], [])
    assert finding(row, "stale_served").closed_reason == "renewed"
