"""What pipelines are told of freezes."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.accounts.people import bearer, make_key, make_team
from tests.chronos.freezing import NOW, later, make_freeze

pytestmark = pytest.mark.django_db
AT = NOW.isoformat()


@pytest.fixture
def ask(client):
    headers = bearer(make_key("events:read")[1])

    def get(path="/api/v1/freezes/check", **query):
        return client.get(path, query, headers=headers)

    return get


def test_what_is_open_says_what_comes_next(ask):
    make_freeze(starts_at=later(hours=2), ends_at=later(hours=3), match='environment="prod"')
    answer = ask(service="api", environment="prod", at=AT)
    assert answer.status_code == 200
    assert answer.json() == {
        "frozen": False,
        "at": "2026-03-02T12:00:00Z",
        "freezes": [],
        "next": {
            "name": "quarter",
            "reason": "the books are closed",
            "since": "2026-03-02T14:00:00Z",
            "until": "2026-03-02T15:00:00Z",
            "team": "",
            "exceptions": [],
        },
    }


def test_what_is_frozen_says_why_and_until_when_and_fails_where_it_is_asked_to(ask):
    make_freeze(match='environment="prod"')
    found = ask(app="api", env="prod", at=AT)
    assert (found.status_code, found.json()["frozen"]) == (200, True)
    [freeze] = found.json()["freezes"]
    assert (freeze["name"], freeze["until"]) == ("quarter", "2026-03-02T13:00:00Z")
    failed = ask(app="api", env="prod", at=AT, fail="true")
    assert (failed.status_code, failed.json()) == (409, found.json())
    for other in ({"env": "staging"}, {"env": "prod", "kind": "rollback"}):
        assert ask(service="api", at=AT, fail="true", **other).status_code == 200


def test_without_a_time_it_is_now(ask):
    make_freeze()
    assert ask(service="api").json()["frozen"] is False


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"enviroment": "prod"}, "enviroment"),
        ({"at": "soon"}, "at"),
        ({"at": "9" * 400}, "at"),
        ({"service": "a\0"}, "service"),
        ({"service": "x" * 201}, "service"),
        ({"service": "a", "app": "b"}, "app"),
        ({"fail": "maybe"}, "fail"),
    ],
)
def test_what_is_not_understood_is_refused_since_it_might_be_a_slip(ask, query, field):
    answer = ask(**query)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == field


def test_the_list_has_pages_and_costs_the_same_for_many(ask):
    def cost():
        with CaptureQueriesContext(connection) as queries:
            answer = ask("/api/v1/freezes", limit="3")
        return len(queries), answer.json()

    make_freeze(name="a", team=make_team("payments"))
    ask()
    few, answer = cost()
    assert answer["results"][0]["team"] == "payments"
    for number in range(5):
        make_freeze(name=f"f{number}", team=make_team())
    many, answer = cost()
    assert (many, len(answer["results"])) == (few, 3)
    assert "cursor=" in answer["next"]


def test_asking_costs_one_query_of_its_own_however_many_freezes_there_are(ask):
    def cost():
        with CaptureQueriesContext(connection) as queries:
            ask(service="api", at=AT)
        return len(queries)

    make_freeze()
    ask()
    few = cost()
    for number in range(5):
        make_freeze(name=f"f{number}")
    assert cost() == few
