"""The demo's ACM: what is put there is found there, and a renewal keeps its ARN."""

from datetime import timedelta

from cryptography.hazmat.primitives.serialization import Encoding

from certs.demo.acm import REGION, DemoManager
from certs.demo.authority import Authority
from certs.sources.aws.acm import AcmCertificates
from opsportal.lib.aws.here import is_here
from opsportal.lib.times import utc_now
from tests.certs.aws.clouds import look


def test_the_shops_certificate_is_renewed_at_its_arn(cloud, monkeypatch):
    assert is_here(REGION)
    # moto goes by the clock.
    made, manager = Authority(utc_now() - timedelta(hours=1)), DemoManager()
    seen = []
    for days in ((-87, 2.5), (0, 90)):
        issued = made.leaf("shop.acme.test", days)
        manager.put(issued)
        (found,) = (each for each in look(AcmCertificates(), regions=[REGION]) if each.has_key)
        assert found.parsed.der == issued.certificate.public_bytes(Encoding.DER)
        seen.append(found.locator)
    assert seen[0] == seen[1]
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://192.0.2.1:1")
    assert not is_here(REGION)
