"""Endpoints, domains and proposals for machines, and in configuration files."""

import json

import pytest
from django.test import Client

from certs.configure.domains import CertificateDomainSection
from certs.configure.endpoints import CertificateEndpointSection
from certs.models import Certificate, Domain, Endpoint, Observation, Probe, Proposal
from opsportal.accounts.actors import COMMAND_LINE
from opsportal.accounts.keys import create_key
from opsportal.accounts.models import AuditEntry, Team
from opsportal.lib.configfile import Deed, apply_config, export_config
from opsportal.lib.confignode import ConfigError
from opsportal.lib.times import utc_now
from tests.certs.making import make_endpoint, make_observation
from tests.certs.pki import NOW, intermediate, later

pytestmark = pytest.mark.django_db
URL = "/api/v1/certs/endpoints"


class Api:
    """A key's requests."""

    def __init__(self, team: Team | None = None) -> None:
        key = create_key("api", ["certs:read", "certs:write"], team=team, actor=COMMAND_LINE,
                         now=utc_now())[1]  # fmt: skip
        self.headers = {"Authorization": f"Bearer {key}"}

    def __call__(self, method: str, path: str, body: object = None):
        send = getattr(Client(), method)
        if method == "get":
            return send(path, headers=self.headers)
        return send(path, json.dumps(body), content_type="application/json", headers=self.headers)


@pytest.fixture
def api() -> Api:
    return Api()


def test_an_endpoint_is_added_changed_looked_at_and_removed(api):
    Team.objects.create(name="web")
    answer = api("post", URL, {"host": "API.test.", "team": "web", "labels": {"tier": "1"}})
    assert answer.status_code == 201
    body = answer.json()
    assert (body["name"], body["port"], body["team"]) == ("api.test:443", 443, "web")
    assert body["provenance"][0]["from"] == "key api"
    assert Probe.objects.get().state == "due"
    one = f"{URL}/{body['id']}"
    assert api("post", URL, {"host": "api.test"}).status_code == 409
    answer = api("patch", one, {"interval": 60, "team": None, "note": "x"})
    assert answer.json()["interval"] == 60
    assert answer.json()["labels"] == {"tier": "1"}
    assert api("post", f"{one}/probe").status_code == 202
    assert Probe.objects.count() == 1
    assert api("delete", one).status_code == 204
    assert not Endpoint.objects.exists()
    words = AuditEntry.objects.filter(target_type="certs.endpoint").order_by("id")
    assert [entry.action for entry in words] == ["create", "change", "delete"]


def test_one_form_of_each_place(api):
    for host in ("::1", "[0:0:0:0:0:0:0:1]", "0::1"):
        api("post", URL, {"host": host, "port": 8443})
    for host in ("bücher.test", "XN--bcher-kva.test", "xn--bcher-kva.test."):
        api("post", URL, {"host": host})
    assert [row.name for row in Endpoint.objects.all()] == ["[::1]:8443", "xn--bcher-kva.test:443"]
    found = api("get", f"{URL}?host=bücher.test").json()["results"]
    assert [row["host"] for row in found] == ["xn--bcher-kva.test"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "host"),
        ({"host": "a\0b"}, "host"),
        ({"host": "a b"}, "host"),
        ({"host": "a.test", "port": 70000}, "port"),
        ({"host": "a.test", "protocol": "x"}, "protocol"),
        ({"host": "a.test", "interval": 1}, "interval"),
        ({"host": "a.test", "interval": 10**30}, "interval"),
        ({"host": "a.test", "team": "nobody"}, "team"),
        ({"host": "a.test", "team": "a\0"}, "team"),
        ({"host": "a.test", "labels": []}, "labels"),
        ({"host": "a.test", "labels": {"a\u0007": "b"}}, "labels"),
        ({"host": "a.test", "labels": {"x" * 300: "b"}}, "labels"),
        ({"host": "a.test", "labels": {str(n): "b" for n in range(60)}}, "labels"),
        ({"host": "a.test", "service": "a\u202eb"}, "service"),
        ({"host": "a.test", "server_name": "::1"}, "server_name"),
        ({"host": "a.test", "enabled": "maybe"}, "enabled"),
    ],
)
def test_bad_input_is_told_and_nothing_stored(api, body, field):
    answer = api("post", URL, body)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"].split(".")[0] == field
    assert not Endpoint.objects.exists()


def test_a_teams_key_writes_what_is_its_own_and_nobodys():
    web, data = (Team.objects.create(name=name) for name in ("web", "data"))
    theirs, mine = make_endpoint("a.test", team=data), make_endpoint("b.test", team=web)
    api = Api(web)
    for method, noun in (("patch", ""), ("delete", ""), ("post", "/probe")):
        assert api(method, f"{URL}/{theirs.pk}{noun}", {}).status_code == 403
    assert api("patch", f"{URL}/{mine.pk}", {"note": "x"}).status_code == 200
    assert api("patch", f"{URL}/{mine.pk}", {"team": "data"}).status_code == 403
    assert api("post", URL, {"host": "c.test", "team": "data"}).status_code == 403
    mine.refresh_from_db()
    assert mine.team == web


def test_lists_are_filtered_and_paged(api):
    web = Team.objects.create(name="web")
    make_endpoint("a.acme.test", team=web, result="ok", probed_at=NOW)
    make_endpoint("b.acme.test", result="refused", failures=2, probed_at=NOW)
    make_endpoint("acme.test", port=25, protocol="smtp", enabled=False)

    def hosts(query: str) -> list[str]:
        answer = api("get", f"{URL}?{query}")
        assert answer.status_code == 200, answer.content
        return sorted(row["host"] for row in answer.json()["results"])

    assert hosts("host=.acme.test") == ["a.acme.test", "b.acme.test"]
    assert hosts("host=a.acme") == []
    assert hosts("team=web") == hosts("state=ok") == ["a.acme.test"]
    assert hosts("state=failing") == hosts("result=refused") == ["b.acme.test"]
    assert hosts("state=off") == hosts("protocol=smtp") == hosts("port=25") == ["acme.test"]
    assert hosts("team=none&source=none") == ["acme.test", "b.acme.test"]
    page = api("get", f"{URL}?limit=2").json()
    assert len(page["results"]) == 2
    assert len(api("get", page["next"]).json()["results"]) == 1
    for query in ("port=x", "port=٣", "state=what", "host=%00", "cursor=x"):
        assert api("get", f"{URL}?{query}").status_code == 400


def test_what_was_seen_and_the_number_of_statements(api, django_assert_max_num_queries):
    ca = intermediate()
    endpoint = make_endpoint("api.test")
    for number in range(8):
        issued = ca.issue(f"h{number}.test")
        make_observation(endpoint, issued, address=f"192.0.2.{number}", now=later(hours=number))
    with django_assert_max_num_queries(8):
        body = api("get", f"{URL}/{endpoint.pk}").json()
    assert len(body["addresses"]) == 8
    assert body["addresses"][0]["certificate"]["title"] == "h0.test"
    with django_assert_max_num_queries(8):
        rows = api("get", f"{URL}/{endpoint.pk}/observations").json()["results"]
    assert len(rows) == 8
    assert rows[0]["chain"][0] == rows[0]["certificate"]["sha256"]


def test_removing_an_endpoint_leaves_its_certificates_as_known(api):
    endpoint = make_endpoint("api.test")
    make_observation(endpoint, intermediate().issue("api.test"))
    assert api("delete", f"{URL}/{endpoint.pk}").status_code == 204
    assert not Observation.objects.exists()
    assert set(Certificate.objects.values_list("use", flat=True)) == {"known"}


def test_proposals_are_decided():
    web, data = (Team.objects.create(name=name) for name in ("web", "data"))
    mine = Domain.objects.create(name="acme.test", team=web)
    theirs = Domain.objects.create(name="data.test", team=data)
    first, second, third = (
        Proposal.objects.create(domain=domain, host=host, port=443, first_seen_at=NOW)
        for domain, host in ((mine, "a.acme.test"), (mine, "b.acme.test"), (theirs, "a.data.test"))
    )
    api = Api(web)
    url = "/api/v1/certs/proposals"
    body = api("post", f"{url}/{first.pk}/accept").json()
    assert (body["state"], body["decided_by"]) == ("accepted", "key api")
    assert Endpoint.objects.get().pk == body["endpoint"]
    assert api("post", f"{url}/{second.pk}/refuse").json()["state"] == "refused"
    assert api("post", f"{url}/{third.pk}/accept").status_code == 403
    assert len(api("get", f"{url}?state=refused").json()["results"]) == 1
    assert len(api("get", f"{url}?domain=data.test").json()["results"]) == 1
    assert api("get", f"{url}?state=what").status_code == 400
    assert [row["name"] for row in api("get", "/api/v1/certs/domains").json()["results"]] == [
        "data.test", "acme.test",
    ]  # fmt: skip


def applied(text: str, *, prune: bool = False) -> str:
    deed = Deed(COMMAND_LINE, NOW)
    return apply_config(text.encode(), deed=deed, mask=str, prune=prune).difference


FILE = """
certificate_domains:
  - name: acme.test
    ports: [{port: 443}, {port: 25, protocol: smtp}]
    accept: true
certificate_endpoints:
  - name: "smtp://mx.acme.test:25 mail.acme.test"
    interval: 20s
    environment: prod
    labels: {tier: "1"}
  - name: "[::1]:8443"
"""


def test_a_file_says_what_is_watched_and_says_it_again():
    assert applied(FILE)
    assert applied(FILE) == ""
    assert [row.name for row in Endpoint.objects.all()] == [
        "[::1]:8443", "smtp://mx.acme.test:25 mail.acme.test",
    ]  # fmt: skip
    exported = export_config()
    assert applied(exported) == ""
    assert "interval: 20s" in exported
    applied('certificate_endpoints: [{name: "[::1]:8443"}]\ncertificate_domains: []', prune=True)
    assert Endpoint.objects.get().host == "::1"
    assert not Domain.objects.exists()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("certificate_endpoints: [{name: a.test}]", 'write it as "a.test:443"'),
        ("certificate_endpoints: [{name: 'a b c:x'}]", "certificate_endpoints[0]"),
        ("certificate_endpoints: [{name: 'a.test:443', interval: 1s}]", "interval"),
        ("certificate_endpoints: [{name: 'a.test:443', what: 1}]", "unknown"),
        ("certificate_endpoints: [{name: 'a.test:443', team: x}]", "no team"),
        ("certificate_domains: [{name: test}]", "name"),
        ("certificate_domains: [{name: ACME.test}]", 'write it as "acme.test"'),
        ("certificate_domains: [{name: a.test, ports: [{port: 0}]}]", "ports"),
        ("certificate_domains: [{name: a.test, ports: [443]}]", "ports[0]"),
    ],
)
def test_a_file_that_makes_no_sense_says_where(text, says):
    with pytest.raises(ConfigError, match=r".*") as raised:
        applied(text)
    assert says in raised.value.message
    assert not Endpoint.objects.exists()


def test_what_sources_keep_is_no_files_business(api):
    from tests.certs.making import make_source

    make_endpoint("a.test", source=make_source())
    assert CertificateEndpointSection().read(str) == []
    assert CertificateDomainSection().read(str) == []
