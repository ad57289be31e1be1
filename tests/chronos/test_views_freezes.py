"""The page of freezes."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chronos.violations import mark_violations
from tests.accounts.people import make_person
from tests.chronos.freezing import deployed, later, make_freeze

pytestmark = pytest.mark.django_db
MARCH = "/changes/freezes/?month=2026-03"


@pytest.fixture
def viewer(client):
    client.force_login(make_person("viewer"))
    return client


def test_a_month_shows_its_freezes_and_who_began_something_all_the_same(viewer):
    make_freeze(starts_at=later(days=-1), ends_at=later(days=2))
    event = deployed()
    mark_violations(now=later(minutes=1), since=later(hours=-1))
    page = viewer.get(MARCH).content.decode()
    assert len(re.findall(r"freeze-chip", page)) == 4
    assert "Sun 1 Mar 12:00 to Wed 4 Mar 12:00" in page
    assert f'href="/changes/{event.pk}/"' in page
    assert page.count("freeze-violations") == 1
    assert "new freeze" not in page


def test_the_days_are_those_of_the_zone(viewer):
    make_freeze(starts_at=later(hours=11), ends_at=later(hours=13))
    utc = viewer.get(MARCH).content.decode()
    auckland = viewer.get(f"{MARCH}&zone=Pacific/Auckland").content.decode()
    assert (utc.count("freeze-chip"), auckland.count("freeze-chip")) == (2, 1)
    assert "12:00-14:00" in auckland


@pytest.mark.parametrize(
    "query",
    ["month=2026-13", "month=x", "month=9999-12", "month=0001-01", "zone=Mars", "zone=a%00"],
)
def test_what_cannot_be_shown_is_the_present_month_in_utc(viewer, query):
    assert viewer.get(f"/changes/freezes/?{query}").status_code == 200


def test_many_freezes_and_violations_cost_what_few_do(viewer):
    def cost():
        with CaptureQueriesContext(connection) as queries:
            assert viewer.get(MARCH).status_code == 200
        return len(queries)

    make_freeze()
    few = cost()
    for number in range(12):
        make_freeze(name=f"f{number}")
        deployed(number)
    mark_violations(now=later(minutes=1), since=later(hours=-1))
    assert cost() == few
    page = viewer.get(MARCH).content.decode()
    assert "10 more" in page


def test_nothing_set_up_says_so(client):
    client.force_login(make_person("administrator"))
    assert "Make the first" in client.get("/changes/freezes/").content.decode()
