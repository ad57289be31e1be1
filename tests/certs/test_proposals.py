"""Names that turn up below domains of ours become endpoints, at once or by somebody's word."""

from collections.abc import Callable

import pytest

from certs.models import Domain, Endpoint, Proposal, Source
from certs.propose import (
    Turned,
    accept_proposals,
    delete_domain,
    propose_names,
    refuse_proposals,
    save_domain,
)
from opsportal.accounts.actors import COMMAND_LINE
from opsportal.accounts.models import AuditEntry, Team
from opsportal.lib.errors import PayloadError
from tests.certs.making import make_certificate, make_endpoint
from tests.certs.pki import NOW, intermediate, later

pytestmark = pytest.mark.django_db


def domain(name: str = "acme.test", **fields: object) -> Domain:
    row = Domain(name=name, **fields)
    save_domain(row, actor=COMMAND_LINE, now=NOW)
    return row


def turned(*names: str) -> list[Turned]:
    return [Turned(name, [{"from": "zone", "what": name, "at": "then"}]) for name in names]


def proposed() -> list[str]:
    return [
        f"{row} {row.protocol} {row.state}" for row in Proposal.objects.order_by("host", "port")
    ]


def test_only_names_below_a_domain_are_proposed_once_without_their_wildcard():
    domain()
    names = turned("a.acme.test", "*.acme.test", "acme.test", "b.other.test", "xacme.test",
                   "not a host", "B.ACME.test.", "1.2.3.4")  # fmt: skip
    assert propose_names(names, now=NOW) == 3
    assert propose_names(names, now=later(hours=1)) == 0
    assert proposed() == [
        "a.acme.test:443 tls proposed",
        "acme.test:443 tls proposed",
        "b.acme.test:443 tls proposed",
    ]
    assert Proposal.objects.get(host="a.acme.test").provenance == [
        {"from": "zone", "what": "a.acme.test", "at": "then"}
    ]


def test_the_closest_domain_has_it_and_says_where_it_is_looked_at():
    domain()
    domain(
        "mail.acme.test", ports=[{"port": 25, "protocol": "smtp"}, {"port": 993, "protocol": "tls"}]
    )
    propose_names(turned("mx.mail.acme.test"), now=NOW)
    assert proposed() == [
        "mx.mail.acme.test:25 smtp proposed", "mx.mail.acme.test:993 tls proposed",
    ]  # fmt: skip


def test_a_domain_that_accepts_watches_at_once_with_how_it_became_known():
    team = Team.objects.create(name="web")
    domain(accept=True, team=team, environment="prod")
    propose_names(turned("a.acme.test"), now=NOW)
    endpoint = Endpoint.objects.get()
    assert (str(endpoint), endpoint.team, endpoint.environment) == ("a.acme.test:443", team, "prod")
    assert endpoint.next_at == NOW
    assert [step["from"] for step in endpoint.provenance] == ["zone", "domain acme.test"]
    assert Proposal.objects.get().endpoint == endpoint


def test_what_was_refused_stays_refused_and_what_is_watched_is_not_proposed():
    domain()
    make_endpoint("b.acme.test")
    propose_names(turned("a.acme.test", "b.acme.test"), now=NOW)
    (row,) = Proposal.objects.all()
    assert refuse_proposals([row], actor=COMMAND_LINE, now=NOW) == 1
    assert propose_names(turned("a.acme.test"), now=later(days=1)) == 0
    assert proposed() == ["a.acme.test:443 tls refused"]
    assert accept_proposals([row], actor=COMMAND_LINE, now=NOW) == 1
    assert accept_proposals([row], actor=COMMAND_LINE, now=NOW) == 0
    # What is watched is not refused any more.
    assert refuse_proposals([row], actor=COMMAND_LINE, now=NOW) == 0
    assert Endpoint.objects.filter(host="a.acme.test").count() == 1
    words = AuditEntry.objects.filter(target_type="certs.proposal").values_list("action", flat=True)
    assert list(words.order_by("id")) == ["refuse", "accept"]


def test_a_certificate_that_is_stored_proposes_its_names(settings):
    domain()
    ca = intermediate()
    make_certificate(ca.issue("a.acme.test", "*.b.acme.test", "c.other.test", "10.0.0.1"))
    assert proposed() == ["a.acme.test:443 tls proposed", "b.acme.test:443 tls proposed"]
    assert Proposal.objects.first().provenance[0]["from"] == "certificate"


def test_a_new_domain_proposes_what_is_known_already_and_never_without_bound(settings):
    settings.CERTS_MOST_PROPOSALS = 3
    ca = intermediate()
    make_certificate(ca.issue(*(f"h{n}.acme.test" for n in range(9))))
    assert proposed() == []
    row = domain()
    assert len(proposed()) == 3
    assert propose_names(turned("more.acme.test"), now=NOW) == 0
    row.accept = True
    save_domain(row, actor=COMMAND_LINE, now=later(hours=1))
    assert Endpoint.objects.count() == 3
    delete_domain(row, actor=COMMAND_LINE, now=later(hours=2))
    assert (Proposal.objects.count(), Endpoint.objects.count()) == (0, 3)


def test_the_number_of_statements_does_not_grow(django_assert_max_num_queries):
    domain(accept=True)
    with django_assert_max_num_queries(12):
        propose_names(turned(*(f"h{n}.acme.test" for n in range(100))), now=NOW)
    assert Endpoint.objects.count() == 100


@pytest.mark.parametrize(
    "change",
    [
        lambda row: setattr(row, "name", "com"),
        lambda row: setattr(row, "name", "a b.test"),
        lambda row: setattr(row, "name", "a\0b.test"),
        lambda row: setattr(row, "name", "10.0.0.1"),
        lambda row: setattr(row, "name", "x" * 300),
        lambda row: setattr(row, "ports", {"port": 1}),
        lambda row: setattr(row, "ports", [{"port": 0, "protocol": "tls"}]),
        lambda row: setattr(row, "ports", [{"port": True, "protocol": "tls"}]),
        lambda row: setattr(row, "ports", [{"port": 443, "protocol": "gopher"}]),
        lambda row: setattr(row, "ports", [{"port": 443, "protocol": []}]),
        lambda row: setattr(row, "ports", ["443"]),
        lambda row: setattr(row, "ports", [{"port": 1, "protocol": "tls"}] * 21),
    ],
)
def test_a_domain_that_makes_no_sense_is_refused(change: Callable[[Domain], None]):
    row = Domain(name="acme.test")
    change(row)
    with pytest.raises(PayloadError):
        save_domain(row, actor=COMMAND_LINE, now=NOW)
    assert not Domain.objects.exists()


def test_sources_that_find_names_propose_them():
    domain()
    from certs.discover import take_in
    from certs.discover.placements import Stored
    from certs.normalise import FoundEndpoint, FoundName

    source = Source.objects.create(name="zone acme", kind="endpoints")
    found = iter([
        FoundName("www.acme.test", "zone acme.test, line 3"),
        FoundEndpoint("WWW2.acme.test."), FoundEndpoint("no host"),
    ])  # fmt: skip
    take_in(source, found, Stored(), clock=lambda: NOW)
    assert Proposal.objects.get().provenance[0]["what"] == "zone acme.test, line 3"
    assert Endpoint.objects.get().host == "www2.acme.test"
    assert source.trouble_rows.get().locator == "no host"
