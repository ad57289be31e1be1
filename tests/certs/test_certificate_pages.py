"""Pages of certificates: what they show, to whom, at which cost."""

from datetime import timedelta
from html import unescape
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from certs.issuers import issuers_of
from certs.models import Certificate, CertificateName, Endpoint, Placement, Source
from certs.overview import survey_certificates
from certs.urgency import URGENCIES, days_left, say_left, urgency_of
from tests.accounts.people import make_person, make_team
from tests.certs.inventory import make_finding, make_inventory, make_many
from tests.certs.making import make_certificate, make_observation, make_placement, make_source
from tests.certs.pki import DAY, NOW, intermediate, issue, root

pytestmark = pytest.mark.django_db
WALL, LIST, FINDINGS = "/certs/", "/certs/certificates/", "/certs/findings/"
EVIL = "</title><script>alert(1)</script>\u202egnp.\"onload='x'{{ 7|add:7 }}"


@pytest.fixture
def rows(monkeypatch):
    for module in ("views.wall", "views.certificates", "templatetags.certificates"):
        monkeypatch.setattr(f"certs.{module}.utc_now", lambda: NOW)
    return make_inventory()


@pytest.fixture
def page(client):
    client.force_login(make_person("viewer", make_team("web of viewers")))

    def ask(path, status=200, **params):
        answer = client.get(path, params)
        assert answer.status_code == status
        return answer.content.decode()

    return ask


def count(client, path):
    with CaptureQueriesContext(connection) as queries:
        assert client.get(path).status_code == 200
    return len(queries)


@pytest.mark.parametrize("path", [WALL, LIST, FINDINGS])
def test_only_members_see_them(client, path):
    assert client.get(path).status_code == 302
    client.force_login(make_person())
    assert client.get(path).status_code == 403


def test_every_certificate_is_in_one_group(rows):
    at = [NOW + timedelta(hours=hours) for hours in range(-50, 24 * 100, 7)]
    for moment in at:
        inside = [
            each
            for each in URGENCIES
            if (each.bounds(NOW)[0] or moment) <= moment < (each.bounds(NOW)[1] or moment + DAY)
        ]
        assert inside == [urgency_of(moment, NOW)]


@pytest.mark.parametrize(
    ("left", "words", "days"),
    [
        (timedelta(days=12, hours=3), "in 12 days", 12), (timedelta(hours=5, minutes=3),
         "in 5h 3m", 0), (timedelta(seconds=5), "in a minute", 0), (-2 * DAY, "2 days ago", -2),
        (timedelta(hours=-6), "6h ago", -1), (2000 * DAY, "in 2,000 days", 2000),
    ],
)  # fmt: skip
def test_what_is_left_is_said_in_words(left, words, days):
    assert say_left(NOW + left, NOW) == words
    assert days_left(NOW + left, NOW) == days


def test_the_wall_counts_what_is_in_use_by_urgency(rows):
    wall = survey_certificates(NOW)
    counts = {group.urgency.slug: (group.served, group.stored) for group in wall.groups}
    assert {slug: pair for slug, pair in counts.items() if sum(pair)} == {
        "expired": (0, 1), "fortnight": (1, 0), "month": (0, 1), "later": (0, 1),
    }  # fmt: skip
    assert [week.in_use for week in wall.weeks[:3]] == [0, 1, 1]
    assert [kind.slug for kind, _ in wall.findings] == ["expiring"]
    assert dict(wall.owners) == {"web": 1, "-": 1}
    assert dict(wall.sources) == {"files": 1}


def test_the_wall_of_a_team_is_of_that_team(rows, page):
    wall = survey_certificates(NOW, "web")
    assert sum(group.total for group in wall.groups) == 1
    assert [str(row) for row in wall.next] == ["api.example.com"]
    assert "api.example.com" in page(WALL, owner="web")
    page(WALL, 404, owner="nobody knows them")


def test_an_empty_wall_says_how_it_fills(page):
    assert "No certificate is in use yet" in page(WALL)
    assert "No certificate is here" in page(LIST)
    assert "Nothing is wrong" in page(FINDINGS)


def test_the_wall_tells_what_it_cannot_see(rows, page):
    Source.objects.filter(name="files").update(failures=2, message="403 <b>no</b>")
    Endpoint.objects.update(failing_since=NOW - DAY, failures=9)
    text = page(WALL)
    assert "1 source fails" in text
    assert "1 endpoint not reached" in text
    assert "<b>no</b>" not in text


def test_the_wall_polls_and_stays_the_same(rows, client):
    client.force_login(make_person("administrator"))
    first = client.get(WALL, headers={"X-Part": "live"})
    assert "<html" not in first.content.decode()
    again = client.get(WALL, headers={"X-Part": "live", "If-None-Match": first["ETag"]})
    assert again.status_code == 304


def test_the_list_shows_what_expires_next_first(rows, page):
    text = page(LIST)
    places = [text.index(f"<b>{name}</b>") for name in
              ("api.example.com", "bücher.example", "*.shop.example.com")]  # fmt: skip
    assert places == sorted(places)
    assert "in 10 days" in text
    assert "old.example.net" not in text
    assert "old.example.net" in page(LIST, state="expired")


def test_the_list_goes_on_where_it_ended(rows, page, monkeypatch):
    monkeypatch.setattr("certs.views.certificates.PAGE", 2)
    first = page(LIST)
    more = unescape(first.split('rel="next" href="')[1].split('"')[0])
    second = page(more)
    assert "api.example.com" not in second.split("<tbody>")[1]
    assert "*.shop.example.com" in second
    for place in ("x", "9.", "-.", "99999999999999999999.1", "99999999999999999.1", "-5.1"):
        page(LIST, after=place)


def test_a_search_that_cannot_be_meant_is_refused_on_the_page(rows, page):
    assert "serial" in page(LIST, 400, serial="zz")
    assert "Look inside the names" in page(LIST, q="nothing-like-it")
    page(FINDINGS, 400, kind="x")


def test_a_certificate_says_what_it_is_and_where(rows, page):
    text = page(rows["api"].get_absolute_url())
    for said in (
        "Issued by <b>Acme Example CA 1</b>", "Served at 1 address", "stored nowhere", "192.0.2.7",
        "2001:db8::7", "api.example.com:443", "0A:BB:A0", "What is wrong", "web", "production",
        "of its lifetime",
    ):  # fmt: skip
        assert said in text
    shop = page(rows["shop"].get_absolute_url())
    assert "/etc/tls/shop.pem" in shop
    assert "Past findings" in shop
    assert "moved away" in page(rows["gone"].get_absolute_url())
    page(f"{LIST}999999/", 404)
    page(f"{LIST}99999999999999999999999/", 404)


def test_what_is_past_stays_in_the_history(rows, page):
    Placement.objects.filter(certificate=rows["shop"]).update(gone_at=NOW + DAY)
    endpoint = Endpoint.objects.get()
    make_observation(endpoint, intermediate().issue("api.example.com"), address="192.0.2.7",
                     now=NOW + DAY)  # fmt: skip
    assert "gone from files" in page(rows["shop"].get_absolute_url())
    text = page(rows["api"].get_absolute_url())
    assert "Served nowhere" in text
    assert "last served at api.example.com:443" in text


def test_the_chain_goes_up_as_far_as_the_inventory_does():
    top = root("Top")
    middle = intermediate(top, "Middle")
    twin = intermediate(top, "Middle", lifetime=4000 * DAY)
    leaf, *above = (make_certificate(each) for each in (middle.issue("a.test"), middle, top, twin))
    assert list(issuers_of(leaf)) == above[:2]
    alone = make_certificate(intermediate().issue("b.test"))
    assert list(issuers_of(alone)) == []


def test_a_loop_of_issuers_ends():
    first, second = (make_certificate(root(name)) for name in ("A", "B"))
    for row, other in ((first, second), (second, first)):
        Certificate.objects.filter(pk=row.pk).update(
            issuer_key=other.subject_key, self_signed=False
        )
    first.refresh_from_db()
    assert list(issuers_of(first)) == [second]


def test_many_names_are_folded_and_all_there(page):
    row = make_certificate(issue(tuple(f"host-{n}.example.com" for n in range(300))))
    text = page(row.get_absolute_url())
    assert "<summary>289 more</summary>" in text
    assert "host-299.example.com" in text


def test_names_of_strangers_are_texts(rows, page):
    evil = issue((), common_name=EVIL[:64], lifetime=5 * DAY)
    place = make_placement(evil, make_source("x"), "<img src=x onerror=alert(2)>")
    row = place.certificate
    make_finding("expiring", certificate=row, summary=EVIL)
    CertificateName.objects.filter(certificate=row).update(unicode=EVIL)
    for path in (WALL, LIST, FINDINGS, row.get_absolute_url(), f"{LIST}?q={EVIL[:9]}"):
        text = page(path)
        assert "<script>alert" not in text
        assert "<img src=x" not in text
        assert "\u202e" not in text.replace(urlencode({"q": EVIL}), "")
        assert "14}}" not in text


def test_the_pem_is_the_certificate(client, rows):
    client.force_login(make_person("viewer"))
    answer = client.get(f"{rows['shop'].get_absolute_url()}pem/")
    assert answer.content.startswith(b"-----BEGIN CERTIFICATE-----\n")
    assert 'filename="star.shop.example.com-' in answer["Content-Disposition"]


@pytest.mark.parametrize("path", [WALL, LIST, f"{LIST}?q=host", f"{LIST}?finding=any&owner=-",
                                  FINDINGS])  # fmt: skip
def test_no_list_takes_more_queries_for_more_rows(client, path):
    client.force_login(make_person("administrator"))
    make_many(2)
    few = count(client, path)
    make_many(6)
    assert count(client, path) <= few <= 14


def test_a_certificate_takes_few_queries_wherever_it_is(client, rows):
    client.force_login(make_person("administrator"))
    authority = intermediate()
    leaf = authority.issue("a.example.com", "b.example.com")
    row = make_placement(leaf, make_source("s0"), "/0").certificate
    path = row.get_absolute_url()
    make_observation(Endpoint.objects.create(host="h0", port=443), leaf)
    make_finding("expiring", certificate=row)
    few = count(client, path)
    for number in range(1, 6):
        make_placement(leaf, make_source(f"s{number}"), f"/{number}")
        endpoint = Endpoint.objects.create(host=f"h{number}", port=443)
        make_observation(endpoint, leaf)
        make_finding("untrusted", certificate=row, endpoint=endpoint)
    assert count(client, path) <= few <= 36


def test_findings_are_listed_by_what_is_asked(rows, page):
    make_finding("source_failing", "warning", source=Source.objects.first())
    make_finding("incomplete_chain", "", endpoint=Endpoint.objects.first(), certificate=rows["api"])
    for params, shown in (
        ({}, 3), ({"kind": "expiring"}, 1), ({"state": "closed"}, 1), ({"state": "all"}, 4),
        ({"severity": "-"}, 1), ({"about": "source"}, 1), ({"about": "endpoint"}, 1),
        ({"about": "certificate"}, 1), ({"owner": "web"}, 2), ({"owner": "-"}, 1),
        ({"certificate": str(rows["api"].pk)}, 2),
    ):  # fmt: skip
        assert page(FINDINGS, **params).count('id="finding-') == shown, params


def test_why_nobody_was_told_is_said(rows, page):
    text = page(f"{rows['api'].get_absolute_url()}explain/")
    assert "Thresholds" in text
    assert "The gateway was never told of it" in text
    page(f"{LIST}999999/explain/", 404)
