"""The admin's list of changes is found in by words, and its pages show all there is."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chronos.models import ChangeEvent
from chronos.normalise import Change
from chronos.record import record_changes
from opsportal.lib.times import utc_now
from tests.accounts.people import make_person

pytestmark = pytest.mark.django_db
LIST = "/admin/chronos/changeevent/"
NOW = utc_now()
EVER = {"started_at__gte": "2020-01-01 00:00:00+00:00"}


@pytest.fixture
def person(client):
    client.force_login(make_person("viewer"))
    return client


@pytest.fixture(autouse=True)
def _changes():
    link = {"href": "https://ci.example/7", "text": "run <7>"}
    record_changes(
        [
            Change("deployment", "api 412", "jo", environment="prod", links=(link,), tags=("hot",)),
            Change("config", "pool raised", "bo", environment="staging", after={"size": "<9>"}),
            Change("config", "pool lowered", started_at=NOW - timedelta(days=100)),
        ],
        now=NOW,
    )


def titles(page):
    return [event.title for event in page.context["cl"].result_list]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, ["pool raised", "api 412", "pool lowered"]),
        ({"kind": "config"}, ["pool raised", "pool lowered"]),
        ({"status": "succeeded", "environment": "prod"}, ["api 412"]),
        ({"q": "pool"}, ["pool raised"]),
        (
            {"q": "pool", **EVER},
            ["pool raised", "pool lowered"],
        ),
        ({"q": '"412 api"'}, []),
        ({"q": 'hot "'}, ["api 412"]),
    ],
)
def test_filters_and_words_find(person, asked, found):
    assert titles(person.get(LIST, asked)) == found


def test_environments_are_offered_without_reading_the_table(person):
    with CaptureQueriesContext(connection) as queries:
        page = person.get(LIST)
    assert b"?environment=staging" in page.content
    read = [query["sql"] for query in queries if "chronos_changeevent" in query["sql"]]
    assert not [sql for sql in read if "DISTINCT" in sql]
    assert not [sql for sql in read if "COUNT(" in sql and " LIMIT " not in sql]


def test_a_page_shows_what_was_reported_and_runs_nothing_of_it(person):
    deploy, config, _ = ChangeEvent.objects.order_by("id")
    page = person.get(f"{LIST}{deploy.pk}/change/").content.decode()
    assert 'href="https://ci.example/7">run &lt;7&gt;</a>' in page
    page = person.get(f"{LIST}{config.pk}/change/").content.decode()
    assert "&quot;size&quot;: &quot;&lt;9&gt;&quot;" in page
    for heading in ("When", "Where", "Of what", "By whom", "As it was reported"):
        assert heading in page
