"""What is said of certificates follows when an endpoint, a source, a domain changes or goes."""

import pytest

from certs.change.sources import save_source
from certs.judge.endpoints import judge_endpoints
from certs.models import Certificate, Domain, Endpoint
from certs.observe.edit import change_endpoint, delete_endpoint
from certs.propose import delete_domain, save_domain
from opsportal.accounts.actors import COMMAND_LINE
from opsportal.accounts.models import Team
from tests.certs.judging import judge, open_alerts
from tests.certs.making import make_endpoint, make_observation, make_placement, make_source
from tests.certs.pki import DAY, NOW, intermediate, later

pytestmark = pytest.mark.django_db


def ending(endpoint: Endpoint) -> Certificate:
    """It serves one that ends soon, and is of another name."""
    issued = intermediate().issue("www.example.net", not_before=NOW - 80 * DAY, lifetime=90 * DAY)
    make_observation(endpoint, issued)
    return Certificate.objects.get(sha256=issued.parsed.sha256)


def sweep(now=NOW) -> set[tuple[str, str]]:
    """What is told after it: of what, and where."""
    judge_endpoints(now=now)
    judge(now)
    return {(row.name, row.labels.get("endpoint", "")) for row in open_alerts()}


TOLD = {
    ("Certificate expires", ""),
    ("Wrong name", "api.example.com:443"),
    ("Not trusted", "api.example.com:443"),
}


def test_an_endpoint_that_is_removed_takes_all_its_alerts_along():
    endpoint = make_endpoint()
    ending(endpoint)
    assert sweep() == TOLD
    delete_endpoint(endpoint, actor=COMMAND_LINE, now=later(hours=1))
    assert sweep(later(hours=1)) == set()


def test_what_was_over_and_not_told_yet_ends_with_the_endpoint():
    endpoint = make_endpoint()
    ending(endpoint)
    sweep()
    endpoint.findings.update(closed_at=later(hours=1), to_tell=True)
    delete_endpoint(endpoint, actor=COMMAND_LINE, now=later(hours=1))
    assert sweep(later(hours=1)) == set()


def test_an_endpoint_that_is_disabled_serves_nothing_until_it_is_enabled_again():
    endpoint = make_endpoint()
    row = ending(endpoint)
    assert sweep() == TOLD
    endpoint.enabled = False
    change_endpoint(endpoint, actor=COMMAND_LINE, now=later(hours=1))
    assert sweep(later(hours=1)) == set()
    row.refresh_from_db()
    assert row.use == "known"
    # And nobody is paged at its end.
    assert sweep(later(days=11)) == set()
    endpoint.enabled = True
    change_endpoint(endpoint, actor=COMMAND_LINE, now=later(days=11))
    assert ("Certificate expires", "") in sweep(later(days=11))


def test_whose_a_certificate_is_follows_its_endpoint_its_domain_and_its_source():
    web, pay, ops = (Team.objects.create(name=name) for name in ("web", "pay", "ops"))
    endpoint, source = make_endpoint(), make_source("hosts", "endpoints")
    issued = intermediate().issue("a.shop.example.com")
    make_placement(issued, source)
    make_observation(endpoint, issued)
    row = Certificate.objects.get(sha256=issued.parsed.sha256)
    at = iter(range(1, 20))

    def whose() -> str | None:
        now = later(hours=next(at))
        judge(now)
        row.refresh_from_db()
        return row.team.name if row.team else None

    assert whose() is None
    source.team = ops
    save_source(source, {"hosts": ["a.test"]}, actor=COMMAND_LINE, now=NOW)
    assert whose() == "ops"
    domain = Domain(name="shop.example.com", team=pay)
    save_domain(domain, actor=COMMAND_LINE, now=NOW)
    assert whose() == "pay"
    endpoint.team = web
    change_endpoint(endpoint, actor=COMMAND_LINE, now=NOW)
    assert whose() == "web"
    endpoint.team = None
    change_endpoint(endpoint, actor=COMMAND_LINE, now=NOW)
    assert whose() == "pay"
    delete_domain(domain, actor=COMMAND_LINE, now=NOW)
    assert whose() == "ops"
