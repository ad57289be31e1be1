"""Pages of what is running and of delivery: what they show, what they cost, what they refuse."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from chronos.models import ChangeEvent
from tests.accounts.people import make_person
from tests.chronos.deployments import deployed, record

pytestmark = pytest.mark.django_db
PAGES = [
    "/changes/running/",
    "/changes/running/history/",
    "/changes/running/diff/",
    "/changes/dora/",
]


@pytest.fixture
def look():
    client = Client()
    client.force_login(make_person("viewer"))

    def get(path, status=200, **params):
        answer = client.get(path, params)
        assert answer.status_code == status, answer.content
        return answer.content.decode()

    return get


@pytest.mark.parametrize("path", PAGES)
def test_only_those_with_a_role_see_them(path):
    client = Client()
    assert client.get(path).status_code == 302
    client.force_login(make_person())
    assert client.get(path).status_code == 403


@pytest.mark.parametrize("path", PAGES)
def test_they_say_so_when_there_is_nothing(path, look):
    assert "ops-empty" in look(path, service="x") or "Two environments" in look(path)


def test_the_matrix_marks_what_differs_and_what_was_rolled_back(look):
    record(
        deployed("1.1", -90), deployed("1.0", -9, kind="rollback"),
        deployed("1.1", -30, environment="staging"), deployed("1.0", -20, environment="dev"),
        deployed("7", -60, service="web", region="eu"),
        deployed("7", -50, service="web", region="us"),
        deployed("<script>", -40, service="evil"),
        deployed("1", -5, service="gone", action="removed"),
    )  # fmt: skip
    page = look("/changes/running/")
    assert page.index(">prod</th>") < page.index(">dev</th>") < page.index(">staging</th>")
    assert page.count("rolled back; ") + page.count("; rolled back") == 1
    assert page.count('is-other is-fresh"') == 1
    assert "eu, us" in page
    assert "&lt;script&gt;" in page
    assert "gone" not in page
    then = look("/changes/running/", at="1h")
    assert "1.1" in then
    assert "What ran at" in then
    assert ">web<" not in look("/changes/running/", q="api", environment="prod")
    assert ">web<" in look("/changes/running/", q='{version="7"}')


@pytest.mark.parametrize("moment", ["", "1m"])
def test_a_page_of_the_matrix_costs_the_same_for_few_and_many(look, moment):
    costs = []
    for count in (5, 130):
        places = [(f"s{n:03}", place) for n in range(count) for place in ("prod", "qa")]
        record(*(deployed(f"{count}", -9, service=s, environment=e) for s, e in places))
        with CaptureQueriesContext(connection) as queries:
            page = look("/changes/running/", at=moment)
        costs.append(len(queries))
    assert costs[0] == costs[1]
    assert "after=s099" in page
    assert ">s100<" in look("/changes/running/", after="s099")


def test_the_history_of_a_place_and_its_next_page(look):
    record(*(deployed(f"v{n}", n - 99) for n in range(60)))
    page = look("/changes/running/history/", service="api", environment="prod")
    assert (page.count('is-mono">v'), page.count("is-here")) == (100, 1)
    assert f"/changes/{ChangeEvent.objects.get(version='v59').pk}/" in page
    older = page.split('href="/changes/running/history/?service')[1].split('"')[0]
    rest = look("/changes/running/history/?service" + older.replace("&amp;", "&"))
    assert "v9<" in rest
    assert "is-here" not in rest


def test_differences_of_environments_and_moments(look):
    record(deployed("1", -90), deployed("2", -9), deployed("3", -8, environment="staging"))
    page = look("/changes/running/diff/", a="staging", b="prod")
    assert "1 differs" in page
    assert "not there" not in page
    assert "1 differs" in look("/changes/running/diff/", **{"from": "1h", "environment": "prod"})
    assert "Nothing differs" in look("/changes/running/diff/", **{"from": "1m", "to": "now"})


def test_delivery_says_of_how_many_it_knows(look):
    record(deployed("1", -90), deployed("2", -9, status="failed"))
    page = look("/changes/dora/", by="team")
    assert "commits known of 0 of 1 deployments" in page
    assert "1 of 2 deployments" in page
    assert "By team" in page


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("running/", {"at": "soon"}), ("running/", {"q": "{a"}), ("running/", {"after": "\0"}),
        ("running/", {"environment": "\0"}), ("running/", {"q": '{pod="x"}'}),
        ("running/history/", {"service": "a\0"}), ("running/history/", {"before": "x 1"}),
        ("running/history/", {"before": "2026-01-01T00:00:00 1"}),
        ("running/history/", {"before": "0001-01-01T00:00:00+05:00 1"}),
        ("running/diff/", {"a": "x", "b": "\0"}), ("running/diff/", {"from": "1h", "to": "2h"}),
        ("dora/", {"weeks": "999"}), ("dora/", {"team": "\0"}),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_said_on_the_page(look, path, params):
    assert "ops-complaint" in look(f"/changes/{path}", 400, **params)
