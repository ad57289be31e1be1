"""Check a host now: the result at once, in words; nothing stored that is not watched."""

import time

import pytest
from django.core.cache import cache
from django.test import Client

from certs.check import MOST_A_MINUTE, check_host
from certs.models import Certificate, Endpoint, Observation, TrustStore
from certs.normalise import FoundEndpoint
from opsportal.accounts.actors import COMMAND_LINE
from opsportal.accounts.keys import create_key
from opsportal.lib.errors import RateLimitedError
from opsportal.lib.times import utc_now
from tests.certs.making import make_endpoint
from tests.certs.pki import DAY, NOW, Issued, intermediate, issue, later
from tests.certs.probing import names
from tests.certs.serving import raw_server, tls_server

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["names"]


@pytest.fixture(autouse=True)
def _fresh_counts():
    cache.clear()


@pytest.fixture
def post():
    key = create_key("checks", ["certs:write"], actor=COMMAND_LINE, now=utc_now())[1]

    def send(body, **headers):
        return Client().post(
            "/api/v1/certs/check", body, content_type="application/json",
            headers={"Authorization": f"Bearer {key}", **headers},
        )  # fmt: skip

    return send


def trusted(ca: Issued) -> Issued:
    """The authority, whose root is trusted."""
    assert ca.root is not None
    TrustStore.objects.create(name="ours", kind="private", pem=ca.root.pem.decode())
    return ca


def check(host: str, port: int, **options):
    return check_host(FoundEndpoint(host, port, **options), actor=COMMAND_LINE, now=NOW)


def test_a_good_chain_has_no_problems_and_is_not_stored(names):
    names["api.test"] = ["127.0.0.1"]
    with tls_server(trusted(intermediate()).issue("api.test")) as served:
        checked = check("api.test", served.port)
    (address,) = checked.addresses
    assert checked.ok
    assert (address.names_match, address.problems) == (True, [])
    assert [link.parsed.common_name for link in address.chain] == ["api.test", "Test CA 1"]
    assert [link.days_left for link in address.chain] == [90, 1460]
    assert not Certificate.objects.exists()
    assert not Observation.objects.exists()
    assert not Endpoint.objects.exists()


def test_problems_are_said_in_words(names):
    ca = trusted(intermediate())
    old = ca.issue("other.test", not_before=NOW - 90 * DAY, not_after=NOW - 2 * DAY)
    names["api.test"] = ["127.0.0.1"]
    with tls_server(old) as served:
        (address,) = check("api.test", served.port).addresses
    assert address.problems == [
        "Expired 2 days ago.",
        "The certificate is not for api.test: it is for other.test.",
    ]
    assert address.chain[0].days_left == -2


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"lifetime": 90 * DAY, "not_before": NOW + 5 * DAY}, "Not valid for another 5 days."),
        ({"not_before": NOW - 80 * DAY, "not_after": later(hours=6)}, "Expires in 6 hours."),
        ({"not_before": NOW - 9 * DAY, "not_after": later(minutes=-3)}, "Expired 3 minutes ago."),
    ],
)
def test_times_are_said_in_words(names, options, says):
    names["api.test"] = ["127.0.0.1"]
    with tls_server(trusted(intermediate()).issue("api.test", **options)) as served:
        (address,) = check("api.test", served.port).addresses
    assert address.problems == [says]


def test_a_self_signed_one_and_addresses_that_differ(names):
    own = issue(("api.test",))
    names["api.test"] = ["127.0.0.1", "127.0.0.2", "127.0.0.3"]
    with tls_server(own) as served:
        checked = check("api.test", served.port)
    assert [each.reading.result for each in checked.addresses] == ["ok", "refused", "refused"]
    assert checked.addresses[0].problems == ["The certificate is self-signed."]
    assert "Nothing listens" in checked.addresses[1].problems[0]


def test_what_is_watched_is_stored_as_by_a_probe(names):
    names["api.test"] = ["127.0.0.1"]
    with tls_server(intermediate().issue("api.test")) as served:
        endpoint = make_endpoint("api.test", served.port)
        assert check("API.test.", served.port).endpoint == endpoint
    assert Observation.objects.get().serving
    endpoint.refresh_from_db()
    assert endpoint.probed_at == NOW


def test_a_server_that_hangs_and_a_name_that_is_not_there_end_in_time(names, monkeypatch):
    monkeypatch.setattr("certs.check._TIMEOUT", 0.5)
    names["slow.test"] = ["127.0.0.1"]
    with raw_server(lambda sock: time.sleep(2)) as port:
        began = time.monotonic()
        (address,) = check("slow.test", port).addresses
        assert time.monotonic() - began < 1.5
    assert address.reading.result == "timeout_handshake"
    nowhere = check("gone.test", 443)
    assert nowhere.addresses == []
    assert nowhere.problems == ["gone.test does not exist, or has no address."]


def test_metadata_and_loopback_are_not_connected_to(names, settings, post):
    settings.CERTS_SCAN_ALLOW = []
    names["meta.test"] = ["169.254.169.254"]
    connections = []
    with raw_server(lambda sock: connections.append(1)) as port:
        for host in ("127.0.0.1", "[::ffff:127.0.0.1]", "::1", "0.0.0.0"):
            body = post({"host": host, "port": port}).json()
            assert body["addresses"][0]["result"] == "forbidden"
        assert post({"host": "meta.test", "port": 80}).json()["addresses"][0]["chain"] == []
    assert connections == []


def test_the_answer_of_the_api(names, post):
    names["xn--bcher-kva.test"] = ["127.0.0.1"]
    leaf = intermediate().issue("xn--bcher-kva.test")
    with tls_server(leaf) as served:
        answer = post({"host": "bücher.test", "port": served.port})
    body = answer.json()
    assert answer.status_code == 200
    assert (body["host"], body["endpoint"]) == ("xn--bcher-kva.test", None)
    (address,) = body["addresses"]
    assert address["names_match"] is True
    assert address["tls_version"] == "TLSv1.3"
    assert address["chain"][0]["sha256"] == leaf.parsed.sha256
    assert address["chain"][0]["names"] == ["xn--bcher-kva.test"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "host"),
        ({"host": ""}, "host"),
        ({"host": "a b"}, "host"),
        ({"host": "a\0b"}, "host"),
        ({"host": "x" * 400}, "host"),
        ({"host": ["a"]}, "host"),
        ({"host": "a..b"}, "host"),
        ({"host": "1.2.3"}, "host"),
        ({"host": "http://a.test/"}, "host"),
        ({"host": "fe80::1%eth0"}, "host"),
        ({"host": "a.test", "port": 0}, "port"),
        ({"host": "a.test", "port": 10**30}, "port"),
        ({"host": "a.test", "port": "x"}, "port"),
        ({"host": "a.test", "protocol": "gopher"}, "protocol"),
        ({"host": "a.test", "server_name": "10.0.0.1"}, "server_name"),
        ({"host": "a.test", "server_name": "a\nb"}, "server_name"),
    ],
)
def test_rubbish_is_told_and_nothing_is_connected_to(names, post, body, field):
    answer = post(body)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == field


@pytest.mark.parametrize("body", ["[]", "null", '"x"', "{", "[" * 2000])
def test_what_is_no_object_is_refused(post, body):
    assert post(body).status_code == 400


def test_one_key_may_not_check_without_end(names):
    for _ in range(MOST_A_MINUTE):
        check("gone.test", 443)
    with pytest.raises(RateLimitedError):
        check("gone.test", 443)
    check_host(FoundEndpoint("gone.test"), actor=COMMAND_LINE, now=later(minutes=1))


def test_whom_the_chain_leads_to(names):
    names["api.test"] = ["127.0.0.1"]
    ca = intermediate()
    leaf = ca.issue("api.test")
    with tls_server(leaf) as served:
        (unknown,) = check("api.test", served.port).addresses
        trusted(ca)
        (known,) = check("api.test", served.port).addresses
        leaf.above = []
        served.serve(leaf)
        (incomplete,) = check("api.test", served.port).addresses
    assert "No trust store knows who issued Test CA 1 (Acme Test Root)" in unknown.problems[0]
    assert {each.store: each.ok for each in known.trust}["ours"]
    assert known.problems == []
    assert "an intermediate is not served" in incomplete.problems[0]
