"""What may be connected to is decided of the address that is connected to."""

import pytest

from certs.models import Observation
from certs.permitted import may_connect
from tests.certs.making import make_endpoint
from tests.certs.pki import later
from tests.certs.probing import names, probe, seen
from tests.certs.serving import raw_server

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["names"]


@pytest.mark.parametrize(
    "address",
    ["169.254.169.254", "::ffff:169.254.169.254", "127.0.0.1", "0.0.0.0", "10.0.0.1", "::1",
     "fe80::1", "fd00:ec2::254", "64:ff9b::7f00:1", "100.100.100.200"],
)  # fmt: skip
def test_what_is_not_public_is_not_connected_to(names, settings, address):
    settings.CERTS_SCAN_ALLOW = []
    names["inner.test"] = [address]
    connections = []
    with raw_server(lambda connection: connections.append(1)) as port:
        endpoint = make_endpoint("inner.test", port)
        probe(endpoint)
    assert connections == []
    row = Observation.objects.get()
    assert (row.result, row.address) == ("forbidden", address)
    assert "OPSPORTAL_CERTS_SCAN_ALLOW" in row.detail


def test_a_name_that_leads_elsewhere_each_time_is_judged_by_what_is_connected_to(names, settings):
    """The address that was judged is the one that is connected to: nobody asks a second time."""
    settings.CERTS_SCAN_ALLOW = ["127.0.0.2/32"]
    answers = iter([["127.0.0.2"], [], ["127.0.0.1"], []])
    names["rebind.test"] = lambda: next(answers)
    connections = []
    with raw_server(lambda connection: connections.append(1), address="127.0.0.1") as port:
        endpoint = make_endpoint("rebind.test", port)
        probe(endpoint)
        assert seen(endpoint) == [("127.0.0.2", "refused", 1)]
        probe(endpoint, now=later(hours=1))
    assert connections == []
    assert seen(endpoint) == [("127.0.0.1", "forbidden", 1)]


def test_a_wide_range_opens_no_loopback_and_no_metadata(settings):
    settings.CERTS_SCAN_ALLOW = ["0.0.0.0/0", "::/0"]
    assert may_connect("10.1.2.3")
    assert may_connect("192.168.0.1")
    for address in ("127.0.0.1", "169.254.169.254", "::1", "fe80::1%eth0", "::ffff:127.0.0.1"):
        assert not may_connect(address)
    settings.CERTS_SCAN_ALLOW = ["169.254.169.254/32"]
    assert may_connect("169.254.169.254")
