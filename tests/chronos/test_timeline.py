"""The page of the timeline: who may see it, what it shows, and at what price."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from opsportal.lib.times import utc_now
from tests.accounts.people import make_person
from tests.alerts.makers import make_alert
from tests.chronos.makers import make_change
from tests.chronos.plans import plans_of, reads_all

pytestmark = pytest.mark.django_db
EVIL = "<script>alert('x')</script>"


@pytest.fixture
def visitor(client):
    client.force_login(make_person("viewer"))
    return client


@pytest.fixture
def now():
    return utc_now().replace(microsecond=0)


def titles(response):
    return [event.title for event in response.context["rows"].events]


def test_anonymous_people_go_to_the_login_and_outsiders_nowhere(client):
    assert client.get("/changes/?q=x")["Location"].startswith("/admin/login/?next=/changes/")
    client.force_login(make_person())
    assert client.get("/changes/").status_code == 403
    assert client.post("/changes/").status_code == 403


def test_the_last_day_is_shown_when_nothing_is_asked(visitor, now):
    make_change(30, at=now, title="recent")
    make_change(60 * 30, at=now, title="before that")
    response = visitor.get("/changes/")
    assert titles(response) == ["recent"]
    assert response.context["chart"].total == 1


def test_what_reaches_into_the_interval_is_listed_too(visitor, now):
    make_change(60 * 30, at=now, lasting=None, title="still under way")
    make_change(60 * 30, at=now, lasting=60 * 20, title="ended within")
    make_change(60 * 30, at=now, title="over")
    assert titles(visitor.get("/changes/")) == ["ended within", "still under way"]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("kind=flag,rollback", {"b", "c"}),
        ("kind=flag&kind=rollback&service=search", {"c"}),
        ("environment=staging", {"b"}),
        ("actor=ann&status=failed", {"c"}),
        ("service=nobody", set()),
    ],
)
def test_the_url_says_what_is_looked_for(visitor, now, asked, found):
    make_change(1, at=now, title="a")
    make_change(2, at=now, title="b", kind="flag", environment="staging")
    make_change(
        3, at=now, title="c", kind="rollback", service="search", actor="ann", status="failed"
    )
    response = visitor.get(f"/changes/?{asked}")
    assert {*titles(response)} == found
    assert response.context["chart"].total == len(found)


@pytest.mark.parametrize(
    "asked",
    [
        "since=yesterday", "until=x", "since=1h&until=2h", "since=2026-01-01&until=2026-01-01",
        "since=%2B2h", "since=9999-01-01", "service=%00", f"service={'x' * 2001}",
        "&".join(f"kind=k{n}" for n in range(60)),
    ],
)  # fmt: skip
def test_what_cannot_be_understood_is_said(visitor, asked):
    response = visitor.get(f"/changes/?{asked}")
    assert response.status_code == 400
    assert "ops-complaint" in response.text


@pytest.mark.parametrize(
    "asked",
    [
        "after=1", "after=x-y", f"after={'9' * 18}-{'9' * 18}", "before=-1-2", "view=lanes&by=x",
        "since=1970-01-01&until=2199-12-31", "q=%F0%9F%98%80", "since=1d&since=2d",
    ],
)  # fmt: skip
def test_odd_urls_get_a_page_all_the_same(visitor, asked):
    assert visitor.get(f"/changes/?{asked}").status_code == 200


def test_pages_go_to_older_changes_and_back(visitor, now):
    for number in range(230):
        make_change(number // 2 / 60, at=now, title=str(number))
    first = visitor.get("/changes/")
    older = visitor.get(f"/changes/?after={first.context['rows'].older}")
    oldest = visitor.get(f"/changes/?after={older.context['rows'].older}")
    assert [len(titles(page)) for page in (first, older, oldest)] == [100, 100, 30]
    assert len({*titles(first), *titles(older), *titles(oldest)}) == 230
    assert not oldest.context["rows"].older
    back = visitor.get(f"/changes/?before={oldest.context['rows'].newer}")
    assert titles(back) == titles(older)
    top = visitor.get(f"/changes/?before={back.context['rows'].newer}")
    assert titles(top) == titles(first)
    assert not top.context["rows"].newer


def test_a_bar_leads_to_its_own_interval_and_the_ways_around_it(visitor, now):
    at = now.replace(minute=0, second=0) - timedelta(hours=3)
    make_change(0, at=at, title="one")
    make_change(-16, at=at, title="the next bar")
    zoom = visitor.get("/changes/").context["chart"].bars[0].zoom
    page = visitor.get("/changes/", zoom)
    assert titles(page) == ["one"]
    window = page.context["window"]
    assert window.span == timedelta(minutes=15)
    assert not window.live
    out = visitor.get("/changes/", window.ways["out"]).context["window"]
    assert out.span == timedelta(minutes=30)
    later = visitor.get("/changes/", window.ways["later"])
    assert titles(later) == ["the next bar"]
    assert later.context["window"].since == window.until
    assert visitor.get("/changes/", window.ways["earlier"]).context["window"].until == window.since


def test_facets_narrow_and_say_how_many(visitor, now):
    make_change(1, at=now)
    make_change(2, at=now, service="search")
    make_change(3, at=now, service="search", kind="flag")
    response = visitor.get("/changes/?service=search&since=1h")
    facets = {facet.name: facet for facet in response.context["facets"]}
    services = {value.value: value for value in facets["service"].values}
    assert {name: value.count for name, value in services.items()} == {"search": 2, "billing": 1}
    assert services["search"].chosen
    asked = parse_qs(urlsplit(services["billing"].url).query)
    assert asked == {"service": ["search", "billing"], "since": ["1h"]}
    assert {value.value: value.count for value in facets["kind"].values} == {
        "deployment": 1,
        "flag": 1,
    }


def test_alerts_stand_below_the_bars(visitor, now):
    make_alert(name="Slow", starts_at=now - timedelta(hours=1), received_at=now)
    make_alert(name="Elsewhere", service="search", starts_at=now, received_at=now)
    make_change(5, at=now)
    assert len(visitor.get("/changes/").context["stripes"]) == 2
    (stripe,) = visitor.get("/changes/?service=billing").context["stripes"]
    assert stripe.mark.title == "Slow: Disk is full"
    (lane,) = visitor.get("/changes/?view=lanes").context["lanes"].lanes
    assert [stripe.mark.title for stripe in lane.stripes] == ["Slow: Disk is full"]


@pytest.mark.parametrize("view", ["", "&view=lanes", "&view=lanes&by=environment"])
def test_what_senders_write_is_escaped(visitor, now, view):
    make_change(
        200, at=now, lasting=190, title=EVIL, service=EVIL, environment=EVIL, kind=EVIL, actor=EVIL,
        version=EVIL, team=EVIL, source=EVIL,
    )  # fmt: skip
    make_alert(name=EVIL, service=EVIL, starts_at=now, received_at=now)
    assert "<script>alert" not in visitor.get(f"/changes/?q={EVIL}{view}").text


def test_what_came_late_or_from_the_future_is_marked(visitor, now):
    make_change(5, at=now, late=True)
    make_change(6, at=now, skewed=True)
    text = visitor.get("/changes/").text
    assert text.count(">late</span>") == 1
    assert text.count(">clock ahead</span>") == 1


def test_a_page_that_polls_is_told_when_nothing_is_new(visitor, now):
    make_change(5, at=now)
    part = {"X-Part": "live"}
    first = visitor.get("/changes/?since=7d", headers=part)
    assert "<html" not in first.text
    again = {**part, "If-None-Match": first["ETag"]}
    assert visitor.get("/changes/?since=7d", headers=again).status_code == 304
    make_change(4, at=now)
    assert visitor.get("/changes/?since=7d", headers=again).status_code == 200


@pytest.mark.parametrize(
    "asked",
    ["", "service=billing", "environment=production&kind=deployment", "kind=flag", "view=lanes"],
)
def test_its_price_does_not_grow_and_every_query_has_an_index(visitor, now, asked):
    def price():
        with CaptureQueriesContext(connection) as caught:
            assert visitor.get(f"/changes/?{asked}").status_code == 200
        return list(caught)

    make_change(1, at=now)
    price()
    few = price()
    for number in range(40):
        make_change(number * 10, at=now, service=f"s{number}", kind="flag" if number % 2 else "x")
        make_change(number * 10, at=now, lasting=30)
        make_alert(starts_at=now, received_at=now, service=f"s{number}")
    many = price()
    assert len(many) <= len(few) + 1  # the interval's past is looked at when a page is not full
    assert len(many) <= 13
    plans = plans_of(many, "chronos_changeevent")
    assert len(plans) >= 3
    assert [plan for plan in plans if reads_all(plan)] == []
    assert [plan for plan in plans_of(many, "alerts_alert") if reads_all(plan)] == []
