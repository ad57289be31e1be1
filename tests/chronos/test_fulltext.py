"""Words, phrases and tags are found, alike on both databases."""

from datetime import timedelta

import pytest
from django.db import connection

from chronos import fulltext
from chronos.models import ChangeEvent
from chronos.normalise import Change
from chronos.record import record_changes
from chronos.search import EventQuery, page_of_events
from opsportal.lib.times import utc_now

pytestmark = pytest.mark.django_db
NOW = utc_now().replace(microsecond=0)
CHANGES = {
    "pool": Change("config", "Connection pool raised", tags=("hotfix", "team:payments")),
    "deploy": Change("deployment", "api-412 deployed", service="billing-api", version="4.1.2"),
    "note": Change("note", "Pool party", body="Bring a café-au-lait and a connection."),
    "tagged": Change("note", "Tagged", tags=("Ünïcode", "team", 'a"b', "§")),
}


@pytest.fixture(autouse=True)
def _changes():
    record_changes([*CHANGES.values()], now=NOW)


@pytest.fixture(params=["rare", "common"], autouse=True)
def _common(request, monkeypatch):
    if request.param == "common":
        monkeypatch.setattr(fulltext, "RARE", 0)


def found(**asked):
    rows, _ = page_of_events(EventQuery(**{k: tuple(v) for k, v in asked.items()}), 10)
    titles = {change.title: name for name, change in CHANGES.items()}
    return {titles[row.title] for row in rows}


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ({"text": ["pool"]}, {"pool", "note"}),
        ({"text": ["POOL", "connection"]}, {"pool", "note"}),
        ({"phrases": ["connection pool"]}, {"pool"}),
        ({"phrases": ["pool connection"]}, set()),
        ({"text": ["412"]}, {"deploy"}),
        ({"text": ["api-412"]}, {"deploy"}),
        ({"text": ["billing"]}, {"deploy"}),
        ({"text": ["team:payments"]}, {"pool"}),
        ({"text": ["CAFé"]}, {"note"}),
        ({"text": ["Ünïcode"]}, {"tagged"}),
        ({"text": ["poo"]}, set()),
        ({"text": ["--", "note"]}, set()),
        ({"text": ['"', "NEAR(", "*"]}, set()),
        ({"text": ["!!"]}, set(CHANGES)),
        ({"tags": ["hotfix"]}, {"pool"}),
        ({"tags": ["hotfix", "team:payments"]}, {"pool"}),
        ({"tags": ["team"]}, {"tagged"}),
        ({"tags": ["Hotfix"]}, set()),
        ({"tags": ["Ünïcode"]}, {"tagged"}),
        ({"tags": ['a"b']}, {"tagged"}),
        ({"tags": ["§"]}, {"tagged"}),
        ({"tags": ["hotfix"], "text": ["pool"], "kind": ["config"]}, {"pool"}),
    ],
)
def test_what_is_asked_for_is_found(asked, names):
    assert found(**asked) == names


def test_the_index_follows_what_changes_and_what_goes():
    ChangeEvent.objects.filter(title="Pool party").update(title="Garden party")
    assert found(text=["pool"]) == {"pool"}
    ChangeEvent.objects.filter(kind="config").delete()
    assert found(text=["pool"]) == set()


def test_a_text_costs_one_query_more_on_sqlite_alone(django_assert_num_queries):
    query = EventQuery(text=("pool",), since=NOW - timedelta(hours=2))
    with django_assert_num_queries(3 if connection.vendor == "sqlite" else 2):
        page_of_events(query, 10)
