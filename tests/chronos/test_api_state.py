"""What is running, asked by machines."""

from datetime import timedelta

import pytest
from django.test import Client

from opsportal.lib.times import format_instant
from tests.accounts.people import bearer, make_key
from tests.chronos.deployments import NOW, deployed, record

pytestmark = pytest.mark.django_db


@pytest.fixture
def ask():
    _, key = make_key("events:read")
    client = Client(headers=bearer(key))

    def get(path, **params):
        return client.get(path if path.startswith("http") else f"/api/v1/{path}", params)

    return get


def versions(answer):
    assert answer.status_code == 200, answer.content
    return [(row["service"], row["version"]) for row in answer.json()["results"]]


def ago(minutes):
    return format_instant(NOW - timedelta(minutes=minutes))


def test_what_runs_now_and_then(ask):
    record(deployed("1", -30), deployed("2", -10, team="core"), deployed("5", -9, service="web"))
    assert versions(ask("state", env="prod")) == [("api", "2"), ("web", "5")]
    assert versions(ask("state", at=ago(20))) == [("api", "1")]
    assert versions(ask("state", match='{team="core"}')) == [("api", "2")]
    assert versions(ask("state", q="we")) == [("web", "5")]
    (row,) = ask("state", service="api").json()["results"]
    assert row["since"] == ago(10).replace(".000000", "")
    assert row["previous_version"] == "1"
    assert row["url"].endswith(f"/changes/{row['event_id']}/")


def test_pages_follow_one_another(ask):
    record(*(deployed(str(n), -n, service=f"s{n}") for n in range(5)))
    for at in ("", ago(0)):
        first = ask("state", limit=3, at=at).json()
        second = ask(first["next"]).json()
        assert [row["service"] for row in first["results"] + second["results"]] == [
            f"s{n}" for n in range(5)
        ]
        assert second["next"] is None


def test_the_history_of_a_place(ask):
    record(*(deployed(str(n), n - 9) for n in range(5)), deployed("x", -1, region="eu"))
    first = ask("state/history", service="api", environment="prod", limit=3).json()
    rest = ask(first["next"])
    assert [row["version"] for row in first["results"]] == ["4", "3", "2"]
    assert versions(rest) == [("api", "1"), ("api", "0")]


def test_differences_of_environments_and_of_moments(ask):
    record(deployed("1", -30), deployed("2", -10), deployed("2", -9, environment="staging"))
    record(
        deployed("8", -40, service="web"), deployed("9", -9, service="web", environment="staging")
    )
    (row,) = ask("state/diff", environments="staging,prod").json()["results"]
    assert (row["service"], row["left"]["version"], row["right"]["version"]) == ("web", "9", "8")
    (row,) = ask("state/diff", **{"from": ago(20), "environment": "prod"}).json()["results"]
    assert (row["service"], row["left"]["version"], row["right"]["actor"]) == ("api", "1", "jo")
    answer = ask("state/diff", **{"from": ago(8), "to": ago(1)}).json()
    assert (answer["left"], answer["results"]) == (ago(8), [])


@pytest.mark.parametrize(
    ("path", "params", "field"),
    [
        ("state", {"cursor": "x"}, "cursor"), ("state", {"cursor": "W10"}, "cursor"),
        ("state", {"cursor": "WyJhIiwiXHUwMDAwIiwiIl0"}, "cursor"),
        ("state", {"limit": "0"}, "limit"), ("state", {"at": "2999-01-01"}, "at"),
        ("state", {"service": "a\0"}, "service"), ("state", {"match": '{pod="x"}'}, "match"),
        ("state/history", {}, "service"), ("state/history", {"service": "\0"}, "service"),
        ("state/history", {"service": "a", "cursor": "WyIyMDI2LTAxLTAxIiwxXQ"}, "cursor"),
        ("state/diff", {}, "from"), ("state/diff", {"environments": "a"}, "environments"),
        ("state/diff", {"environments": "a,b,c"}, "environments"),
        ("state/diff", {"environments": "a,b", "env": "c"}, "environment"),
        ("state/diff", {"environments": "a,b", "from": "1h"}, "environments"),
        ("state/diff", {"from": "1h", "to": "2h"}, "from"),
        ("state/diff", {"from": "now-ish"}, "from"), ("state/diff", {"from": "+1h"}, "from"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_400_with_its_field(ask, path, params, field):
    answer = ask(path, **params)
    assert answer.status_code == 400, answer.content
    assert answer.json()["errors"][0]["field"] == field
