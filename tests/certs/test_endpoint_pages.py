"""Pages of endpoints: what is served, what is proposed, and a check at once."""

import pytest
from django.core.cache import cache
from django.test import Client

from certs.models import Domain, Endpoint, Finding, Probe, Proposal
from opsportal.accounts.models import Membership, Team, User
from tests.accounts.people import make_person
from tests.certs.making import make_endpoint, make_observation
from tests.certs.pki import NOW, intermediate, later
from tests.certs.probing import names
from tests.certs.serving import tls_server

__all__ = ["names"]
pytestmark = pytest.mark.django_db
PAGES = ("endpoints/", "endpoints/add/", "proposals/", "check/")


def as_(role: str) -> Client:
    client = Client()
    client.force_login(make_person(role))
    return client


def text(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(f"/certs/{path}")
    assert answer.status_code == status
    return answer.content.decode()


def test_every_page_opens_for_whom_it_should():
    for path in PAGES:
        text(as_("responder"), path)
        assert Client().get(f"/certs/{path}").status_code == 302
    viewer = as_("viewer")
    for path, status in (("endpoints/", 200), ("proposals/", 200), ("check/", 403),
                         ("endpoints/add/", 403)):  # fmt: skip
        text(viewer, path, status)
    assert viewer.post("/certs/check/", {"host": "a.test"}).status_code == 403
    assert viewer.post("/certs/endpoints/add/", {"hosts": "a.test"}).status_code == 403
    endpoint = make_endpoint()
    for deed in ("probe", "remove"):
        assert viewer.post(f"/certs/endpoints/{endpoint.pk}/{deed}/").status_code == 403
    text(viewer, "endpoints/999999/", 404)


def test_a_team_decides_about_its_own():
    theirs = make_endpoint("a.test", team=Team.objects.create(name="data"))
    client = as_("responder")
    for deed in ("probe", "remove"):
        assert client.post(f"/certs/endpoints/{theirs.pk}/{deed}/").status_code == 403
    assert Endpoint.objects.exists()
    assert not Probe.objects.exists()


def test_the_list_says_what_each_serves(django_assert_max_num_queries):
    ca = intermediate()
    for number in range(12):
        endpoint = make_endpoint(f"h{number:02}.test", result="ok", probed_at=NOW)
        for last in (1, 2):
            issued = ca.issue(f"leaf{number}-{last}.test")
            make_observation(endpoint, issued, address=f"192.0.2.{last}")
        Finding.objects.create(
            kind="name_mismatch", endpoint=endpoint, fingerprint=str(number), severity="high",
            summary="no", opened_at=NOW, severity_at=NOW, judged_at=NOW,
        )  # fmt: skip
    client = as_("viewer")
    with django_assert_max_num_queries(14):
        page = text(client, "endpoints/")
    assert "h00.test:443" in page
    assert "2 different" in page
    assert "h03" not in text(client, "endpoints/?host=h04.test")
    for query in ("port=x", "state=what"):
        assert client.get(f"/certs/endpoints/?{query}").status_code == 400
    text(client, "endpoints/?after=7-h02.test")
    text(client, "endpoints/?after=99999999999999999999999-%00")


def test_one_endpoint_shows_addresses_chains_findings_and_history(django_assert_max_num_queries):
    ca = intermediate()
    new, old = ca.issue("api.test"), ca.issue("old.test")
    endpoint = make_endpoint("api.test", result="ok", probed_at=NOW, server_name="x.test")
    endpoint.provenance = [{"from": "zone <b>", "what": "line 3", "at": "2026-03-02T12:00:00Z"}]
    endpoint.save()
    for last in range(1, 8):
        make_observation(endpoint, new, address=f"192.0.2.{last}")
    make_observation(endpoint, old, address="192.0.2.8")
    make_observation(endpoint, [], address="192.0.2.9", result="not_tls", detail="<script>")
    client = as_("viewer")
    with django_assert_max_num_queries(16):
        page = text(client, f"endpoints/{endpoint.pk}/")
    assert "differs" in page
    assert "Served at 192.0.2.8" in page
    assert "not tls" in page
    assert "zone &lt;b&gt;" in page
    assert "<script>" not in page.split("</head>")[1].replace("<script src", "")
    text(as_("viewer"), f"endpoints/{endpoint.pk}/?before=x")


def test_hosts_are_added_all_or_none():
    client = as_("responder")
    lines = "a.test\nsmtp://mx.test\n[::1]:8443 b.test\na.test:443"
    answer = client.post("/certs/endpoints/add/", {"hosts": lines, "interval": "2h"})
    assert answer.status_code == 302
    assert [row.name for row in Endpoint.objects.all()] == [
        "[::1]:8443 b.test", "a.test:443", "smtp://mx.test:25",
    ]  # fmt: skip
    assert Probe.objects.count() == 3
    for hosts, says in (
        ("c.test\nnot a host at all", "not a host at all"), ("", "at least one"),
        ("a.test", "watched already"), ("x\0y", "no host"),
    ):  # fmt: skip
        answer = client.post("/certs/endpoints/add/", {"hosts": hosts})
        assert answer.status_code == 400
        assert says in answer.content.decode()
    assert client.post(
        "/certs/endpoints/add/", {"hosts": "c.test", "interval": "bogus"}
    ).status_code == 400  # fmt: skip
    other = Team.objects.create(name="data")
    assert client.post(
        "/certs/endpoints/add/", {"hosts": "c.test", "team": other.name}
    ).status_code == 400  # fmt: skip
    assert Endpoint.objects.count() == 3


def test_an_endpoint_is_looked_at_and_removed():
    endpoint = make_endpoint()
    client = as_("responder")
    answer = client.post(f"/certs/endpoints/{endpoint.pk}/probe/", follow=True)
    assert "being looked at" in answer.content.decode()
    client.post(f"/certs/endpoints/{endpoint.pk}/remove/")
    assert not Endpoint.objects.exists()


def test_proposals_are_decided_by_those_whose_domain_it_is():
    web, data = (Team.objects.create(name=name) for name in ("web", "data"))
    rows = [
        Proposal.objects.create(
            domain=Domain.objects.create(name=name, team=team), host=f"a.{name}", port=443,
            first_seen_at=NOW, provenance=[{"from": "zone", "what": "x"}],
        )
        for name, team in (("web.test", web), ("data.test", data))
    ]  # fmt: skip
    person = User.objects.create_user("ann")
    Membership.objects.create(user=person, team=web, role="responder")
    client = Client()
    client.force_login(person)
    assert text(client, "proposals/").count('name="proposal"') == 1
    ticked = {"proposal": [row.pk for row in rows] + ["x", "9" * 30], "do": "accept"}
    client.post("/certs/proposals/decide/", ticked)
    states = dict(Proposal.objects.values_list("host", "state"))
    assert states == {"a.web.test": "accepted", "a.data.test": "proposed"}
    assert "a.web.test" in text(client, "proposals/?state=accepted")
    text(client, "proposals/?state=what&domain=%00&after=x")


@pytest.mark.django_db(transaction=True)
def test_a_check_shows_the_result_at_once(names):
    cache.clear()
    names["api.test"] = ["127.0.0.1", "127.0.0.2"]
    client = as_("responder")
    leaf = intermediate().issue("other.test", not_before=later(days=-60), not_after=later(days=-2))
    with tls_server(leaf) as served:
        answer = client.post("/certs/check/", {"host": f"api.test:{served.port}"})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "The certificate is not for api.test: it is for other.test." in page
    assert "Expired" in page
    assert "Nothing listens on the port" in page
    assert leaf.parsed.sha256 in page
    for host in ("", "a b c", "x" * 700, "a\0b", "http://[::1", "gopher://a.test"):
        answer = client.post("/certs/check/", {"host": host})
        assert answer.status_code == 400
    # A link fills the form in, and connects to nothing.
    assert "127.0.0.1" not in text(client, "check/?host=api.test")
