"""What the pages of certificates say of each other's things, and what is done from them."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client

from certs.explain import explain_certificate
from certs.models import Certificate, CertificatePolicy, Finding, Source
from chronos.models import ChangeEvent
from tests.accounts.people import make_person, make_team
from tests.certs.inventory import make_finding
from tests.certs.judging import judge
from tests.certs.making import (
    make_certificate,
    make_endpoint,
    make_observation,
    make_placement,
    make_source,
)
from tests.certs.pki import DAY, NOW, intermediate, later
from tests.certs.probing import names
from tests.certs.serving import tls_server

__all__ = ["names"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def served():
    """A certificate that an endpoint serves."""
    endpoint = make_endpoint("api.test", result="ok", probed_at=NOW)
    issued = intermediate().issue("api.test")
    make_observation(endpoint, issued)
    return endpoint, Certificate.objects.get(sha256=issued.parsed.sha256)


def page(path: str, role: str = "viewer") -> str:
    client = Client()
    client.force_login(make_person(role))
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_finding_in_the_list_says_what_it_is_about(served):
    endpoint, row = served
    make_finding("expiring", certificate=row, summary="expires soon")
    make_finding("legacy_protocol", endpoint=endpoint, certificate=row, summary="speaks TLSv1")
    make_finding("source_failing", source=make_source("s3"), summary="cannot be read")
    text = page("/certs/findings/")
    for said in ("api.test</b> expires soon", "api.test:443</b> speaks TLSv1",
                 "s3</b> cannot be read"):  # fmt: skip
        assert said in text


def test_an_endpoint_has_the_findings_of_what_it_serves_worst_first(served):
    endpoint, row = served
    make_finding("expired", "critical", certificate=row, summary="expired long ago")
    make_finding("self_signed", "warning", endpoint=endpoint, summary="signed by itself")
    make_finding("name_mismatch", "high", endpoint=endpoint, summary="not for this name")
    make_finding("weak_key", "high", certificate=make_certificate(intermediate().issue("x.test")))
    text = page(endpoint.get_absolute_url())
    places = [text.index(said) for said in ("expired long ago", "not for this", "signed by its")]
    assert places == sorted(places)
    assert "weak_key of" not in text
    assert "ops-head sev-critical" in text
    assert "endpoint%3D%22api.test%3A443%22" in text
    assert '<b>3</b><span class="cert-unit"> findings' in page("/certs/endpoints/")


def test_the_badge_of_a_certificate_says_what_is_over_or_will_be():
    ca = intermediate()
    old = make_certificate(ca.issue("a.test", not_before=NOW - 9 * DAY, lifetime=5 * DAY))
    assert ">expired " in page(old.get_absolute_url())
    soon = make_certificate(ca.issue("b.test", lifetime=90_000 * DAY))
    assert ">expires in " in page(soon.get_absolute_url())


def test_what_is_wrong_at_an_endpoint_is_not_said_to_be_nothing(served):
    endpoint, row = served
    make_finding("name_mismatch", "high", endpoint=endpoint, certificate=row)
    make_finding("wrong_order", "", endpoint=endpoint, certificate=row)
    words = explain_certificate(row, now=NOW).words
    assert words[1:3] == [
        "Wrong name (high) at api.test:443: an alert of that endpoint.",
        "Nothing else is wrong with it now that anybody would be alerted of.",
    ]


def test_a_proposed_renewal_is_confirmed_and_taken_back_on_the_page():
    ca, source, team = intermediate(), make_source(), make_team("web")
    old = make_placement(
        ca.issue("a.test", "b.test", not_before=NOW - 60 * DAY, lifetime=9999 * DAY), source, "1"
    ).certificate
    new = make_placement(
        ca.issue("a.test", "c.test", not_before=later(days=-1), lifetime=9999 * DAY), source, "2"
    ).certificate
    judge()
    Certificate.objects.update(team=team)
    path = f"{old.get_absolute_url()}replace/"
    client = Client()
    client.force_login(make_person("responder"))
    assert client.post(path, {"by": new.pk}).status_code == 403
    client.force_login(make_person("responder", team))
    button = f'name="by" value="{new.pk}"'
    assert button in client.get(old.get_absolute_url()).content.decode()
    assert button not in page(old.get_absolute_url())
    for by in ("", "x", "9" * 30, str(old.pk), "99999"):
        assert client.post(path, {"by": by}).status_code == 302
        old.refresh_from_db()
        assert not old.replacement_pinned
    client.post(path, {"by": new.pk})
    old.refresh_from_db()
    assert old.replaced_by == new
    assert "Let the names say" in client.get(old.get_absolute_url()).content.decode()
    client.post(path, {"back": "1"})
    old.refresh_from_db()
    assert not old.replacement_pinned


@pytest.mark.django_db(transaction=True)
def test_what_was_checked_is_watched_with_one_click(names):
    cache.clear()
    names["api.test"] = ["127.0.0.1"]
    client = Client()
    client.force_login(make_person("responder"))
    with tls_server(intermediate().issue("x.test")) as server:
        asked = {"host": f"api.test:{server.port}", "server_name": "x.test"}
        text = client.post("/certs/check/", asked).content.decode()
    link = f"/certs/endpoints/add/?hosts=api.test%3A{server.port}%20x.test"
    assert link in text
    form = client.get(link).content.decode()
    assert f"api.test:{server.port} x.test</textarea>" in form


def test_a_refused_address_is_said_in_one_sentence(settings):
    cache.clear()
    settings.CERTS_SCAN_ALLOW = []
    client = Client()
    client.force_login(make_person("responder"))
    text = client.post("/certs/check/", {"host": "10.1.2.3"}).content.decode()
    assert "OPSPORTAL_CERTS_SCAN_ALLOW.<" in text
    assert "ALLOW.." not in text


def test_what_was_renewed_this_minute_is_just_now():
    CertificatePolicy.objects.create(name="at once", stale_grace=timedelta(0))
    ca = intermediate()
    make_observation(make_endpoint("a.test"), ca.issue("a.test", not_before=NOW - 60 * DAY))
    make_placement(ca.issue("a.test", not_before=NOW), make_source("ACM"))
    judge()
    judge(later(seconds=30))
    summary = Finding.objects.get(kind="stale_served").summary
    assert summary.startswith("was renewed just now in ACM, and the old one is still served at 1 ")


def test_the_renewal_of_what_is_served_is_on_the_timeline_of_its_service():
    ca = intermediate()
    endpoint = make_endpoint("a.test", service="shop", environment="prod")
    make_observation(endpoint, ca.issue("a.test", not_before=NOW - 60 * DAY))
    judge(NOW - DAY)
    make_placement(ca.issue("a.test", not_before=NOW), make_source("ACM"))
    judge()
    event = ChangeEvent.objects.get(kind="certificate", action="renewed")
    assert (event.service, event.environment) == ("shop", "prod")


def test_nothing_ticked_is_nothing_decided():
    client = Client()
    client.force_login(make_person("responder"))
    answer = client.post("/certs/proposals/decide/", {"do": "refuse"}, follow=True)
    assert "Tick those that you mean." in answer.content.decode()


def test_a_source_leads_to_the_endpoints_that_it_named():
    source = make_source("zone of a&b", "zone-file")
    make_endpoint("a.test", source=source)
    make_endpoint("b.test")
    link = "/certs/endpoints/?source=zone%20of%20a%26b"
    listed = page("/certs/sources/")
    assert link in listed
    assert "and 1 host<" in listed
    assert link in page(source.get_absolute_url())
    assert "a.test" in page(link)
    assert "b.test" not in page(link)


def test_one_source_takes_all_uploads_and_what_is_missing_is_said_once():
    client = Client()
    client.force_login(make_person("administrator"))
    kinds = "/admin/certs/source/add/"
    assert "?kind=upload" in client.get(kinds).content.decode()
    make_source("mine", "upload")
    assert "?kind=upload" not in client.get(kinds).content.decode()
    answer = client.post(f"{kinds}?kind=vault-pki", {"name": "v", "interval": "01:00:00"})
    text = answer.content.decode()
    assert "This field is required." in text
    assert ">is required<" not in text


def test_uploads_are_counted_and_never_said_to_be_due():
    make_placement(intermediate().issue("a.test"), make_source("mine", "upload"), "slot 1")
    text = page("/certs/sources/")
    assert "never asked" in text
    assert '<td class="is-figure">1</td>' in text
    one = page(Source.objects.get(name="mine").get_absolute_url())
    for said in ("not looked at yet", "Last complete"):
        assert said not in text.split("<tbody>")[1] + one
