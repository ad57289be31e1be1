"""Whose certificates are: rules first, then where they are; a person outdoes all."""

import pytest

from certs.change.owners import delete_owner_rule, save_owner_rule
from certs.judge.facts import compile_match
from certs.models import Certificate, Domain, Finding, OwnershipRule
from certs.own import free_owner, set_owner
from opsportal.accounts.actors import Actor
from opsportal.accounts.models import AuditEntry, Team
from opsportal.lib.errors import PayloadError
from tests.certs.judging import judge
from tests.certs.making import (
    make_endpoint,
    make_observation,
    make_placement,
    make_source,
)
from tests.certs.pki import NOW, intermediate, later

pytestmark = pytest.mark.django_db
JO = Actor("jo", None, None)


@pytest.fixture
def teams():
    return {name: Team.objects.create(name=name) for name in ("web", "pay", "infra")}


def rule(name, match, team, position=100, **fields):
    row = OwnershipRule(name=name, match=match, team=team, position=position, **fields)
    save_owner_rule(row, actor=JO, now=NOW)
    return row


def stored(*names, source=None, locator="/etc/tls/a.pem", **fields) -> Certificate:
    source = source or make_source(**fields)
    return make_placement(intermediate().issue(*names), source, locator).certificate


def owner(row: Certificate) -> tuple[str, str, str, str]:
    row = Certificate.objects.select_related("team").get(pk=row.pk)
    return row.team.name if row.team else "", row.environment, row.service, row.owned_by


def test_the_first_rule_that_matches_counts_and_says_so(teams):
    rule("all", "", teams["infra"], 200)
    rule("pay", '{domain="pay.example.com"}', teams["pay"], 10, service="checkout")
    row = stored("api.pay.example.com", environment="prod")
    other = stored("example.com", name="x")
    judge()
    assert owner(row) == ("pay", "prod", "checkout", "rule pay")
    assert owner(other) == ("infra", "", "", "rule all")


@pytest.mark.parametrize(
    "match",
    [
        '{path=~"/etc/tls/.*"}',
        '{source="files"}',
        '{kind="files", use="placed"}',
        '{stage="live"}',
        '{issuer=~".*Test CA 1"}',
        '{lifetime_days<"91"}',
        '{name="b.a.test", domain!="b.test"}',
    ],
)
def test_rules_see_places_labels_names_and_lifetimes(teams, match):
    rule("it", match, teams["web"])
    row = stored("a.test", "b.a.test", labels={"stage": "live"})
    judge()
    assert owner(row)[0] == "web"


def test_of_many_values_any_counts_and_against_a_negative_each():
    facts = {"name": ("a.test", "b.test")}
    assert compile_match('{name="b.test"}')(facts)
    assert not compile_match('{name!="b.test"}')(facts)
    assert compile_match('{name!~"c.*", other=""}')(facts)


def test_without_a_rule_endpoints_then_domains_then_sources_say_whose(teams):
    row = stored("a.example.com", team=teams["infra"], environment="prod")
    judge()
    assert owner(row) == ("infra", "prod", "", "source files")
    Domain.objects.create(name="example.com", team=teams["web"])
    Certificate.objects.update(judge_at=NOW)
    judge()
    assert owner(row)[0::3] == ("web", "domain example.com")
    endpoint = make_endpoint("a.example.com", team=teams["pay"], service="api")
    issued = intermediate().issue("a.example.com")
    make_observation(endpoint, issued)
    judge()
    served = Certificate.objects.get(sha256=issued.parsed.sha256)
    assert owner(served) == ("pay", "", "api", "endpoint a.example.com:443")


def test_what_is_nobodys_is_noted_and_over_once_a_rule_says_whose(teams):
    row = stored("a.test")
    judge()
    found = Finding.objects.get(certificate=row, kind="unowned")
    assert found.severity == ""
    made = rule("all", "", teams["web"])
    judge(later(minutes=1))
    found.refresh_from_db()
    assert found.closed_at == later(minutes=1)
    delete_owner_rule(made, actor=JO, now=later(minutes=2))
    judge(later(minutes=2))
    assert owner(row)[0] == ""


def test_a_persons_word_outdoes_rules_until_it_is_taken_back(teams):
    rule("all", "", teams["web"])
    row = stored("a.test")
    judge()
    set_owner(row.pk, teams["pay"], service="shop", actor=JO, now=NOW)
    judge(later(minutes=1))
    assert owner(row) == ("pay", "", "shop", "jo")
    free_owner(row.pk, actor=JO, now=later(minutes=2))
    judge(later(minutes=2))
    assert owner(row) == ("web", "", "", "rule all")
    actions = list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))
    assert actions[-2:] == ["set_owner", "free_owner"]


@pytest.mark.parametrize("match", ["{name=", '{name=~"("}', "a\0b", "x" * 3000])
def test_a_rule_that_cannot_be_read_is_refused(teams, match):
    with pytest.raises(PayloadError):
        rule("bad", match, teams["web"])
    assert not OwnershipRule.objects.exists()


def test_a_stored_rule_that_cannot_be_read_matches_nothing(teams):
    OwnershipRule.objects.create(name="bad", match="{", team=teams["web"])
    row = stored("a.test")
    judge()
    assert owner(row)[0] == ""
