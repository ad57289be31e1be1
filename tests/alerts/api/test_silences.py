"""Silences through the API."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts.models import Silence
from opsportal.lib.times import utc_now
from tests.alerts.api.conftest import Caller, make_alert, make_key

pytestmark = pytest.mark.django_db
BODY = {"match": 'service="billing"', "comment": "the move", "ends_at": "+2h"}


class Silencer(Caller):
    def change(self, path, body):
        return self.client.patch(
            f"/api/v1/{path}", body, content_type="application/json", headers=self.headers
        )

    def end(self, path):
        return self.client.delete(f"/api/v1/{path}", headers=self.headers)


def caller(*, team=None) -> Silencer:
    return Silencer(make_key("silences:write", "config:read", team=team))


def test_it_is_made_changed_in_place_replaced_and_ended():
    api = caller()
    made = api.post("silences", BODY)
    assert made.status_code == 201
    first = made.json()
    assert (first["state"], first["author"], first["team"]) == ("active", "key test", None)
    assert first["window"]["ends_at"] == first["ends_at"]
    later = api.change(f"silences/{first['id']}", {"ends_at": "+5h"}).json()
    assert later["id"] == first["id"]
    assert later["starts_at"] == first["starts_at"]
    other = api.change(f"silences/{first['id']}", {"match": 'service="shop"'}).json()
    assert other["id"] != first["id"]
    assert other["name"] == first["name"]
    assert api.get(f"silences/{first['id']}").json()["state"] == "expired"
    for _ in range(2):
        ended = api.end(f"silences/{other['id']}")
        assert (ended.status_code, ended.json()["state"]) == (200, "expired")


def test_the_list_may_be_of_those_that_are_not_over():
    api = caller()
    ids = [api.post("silences", BODY | {"name": f"s{number}"}).json()["id"] for number in range(3)]
    api.end(f"silences/{ids[0]}")
    listed = {
        asked: [row["id"] for row in api.get("silences", **asked_for).json()["results"]]
        for asked, asked_for in (("", {}), ("open", {"open": "true"}), ("over", {"open": "false"}))
    }
    assert listed == {"": ids[::-1], "open": ids[:0:-1], "over": ids[:1]}
    assert api.get("silences", open="perhaps").json()["errors"][0]["field"] == "open"


def test_a_list_takes_as_many_queries_for_20_as_for_2(payments):
    api = caller()
    counts = []
    for number in (2, 18):
        for _ in range(number):
            api.post("silences", BODY | {"team": "payments"})
        with CaptureQueriesContext(connection) as queries:
            api.get("silences")
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"match": ""}, "match"),
        ({"match": 'service=~".*"'}, "match"),
        ({"match": "a\0b"}, "match"),
        ({"match": None}, "match"),
        ({"comment": " "}, "comment"),
        ({"comment": None}, "comment"),
        ({"ends_at": None}, "ends_at"),
        ({"ends_at": "yesterday"}, "ends_at"),
        ({"ends_at": "-2h"}, "ends_at"),
        ({"ends_at": "+91d"}, "ends_at"),
        ({"ends_at": True}, "ends_at"),
        ({"starts_at": "+3h"}, "ends_at"),
        ({"starts_at": []}, "starts_at"),
        ({"recurrence": "FREQ=DAILY"}, "duration"),
        ({"recurrence": "FREQ=DAILY;INTERVAL=0", "duration": "1h"}, "recurrence"),
        ({"recurrence": "FREQ=DAILY", "duration": "1h", "zone": "Mars"}, "zone"),
        ({"recurrence": "FREQ=DAILY", "duration": "soon"}, "duration"),
        ({"team": "nobody"}, "team"),
        ({"team": 3}, "team"),
        ({"name": "n" * 101}, "name"),
        ({"end_when_unmatched": "perhaps"}, "end_when_unmatched"),
    ],
)
def test_what_is_not_right_is_refused_by_its_field(change, field):
    answer = caller().post("silences", BODY | change)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == field
    assert not Silence.objects.exists()


def test_a_teams_key_silences_for_its_team_alone(payments):
    shop = type(payments).objects.create(name="shop")
    api = caller(team=payments)
    mine = api.post("silences", BODY).json()
    assert mine["team"] == "payments"
    assert api.post("silences", BODY | {"team": "shop"}).status_code == 403
    assert api.post("silences", BODY | {"team": None}).status_code == 403
    assert api.change(f"silences/{mine['id']}", {"team": "shop"}).status_code == 403
    theirs = caller(team=shop)
    assert theirs.change(f"silences/{mine['id']}", {"comment": "x"}).status_code == 403
    assert theirs.end(f"silences/{mine['id']}").status_code == 403
    assert caller().end(f"silences/{mine['id']}").status_code == 200


def test_responders_silence_for_their_teams_and_administrators_for_all(payments, person):
    shop = type(payments).objects.create(name="shop")
    responder = person("ada", "responder", payments)
    assert responder.post("silences", BODY).json()["team"] == "payments"
    assert responder.post("silences", BODY | {"team": "shop"}).status_code == 403
    viewer = person("vic", "viewer", payments)
    assert viewer.post("silences", BODY | {"team": "payments"}).status_code == 403
    boss = person("boss", administrator=True)
    assert boss.post("silences", BODY).json()["team"] is None
    assert boss.post("silences", BODY | {"team": shop.name}).json()["author"] == "boss"


def test_a_preview_stores_nothing():
    now = utc_now()
    make_alert("a", now=now, service="billing", name="Slow")
    make_alert("b", now=now - timedelta(days=9), service="billing")
    body = {"match": 'service="billing"', "recurrence": "FREQ=DAILY", "duration": "1h"}
    answer = caller().post("silences/preview", body | {"zone": "Europe/Berlin"})
    assert answer.status_code == 200
    found = answer.json()
    assert found["now"]["count"] == 2
    assert [alert["name"] for alert in found["now"]["samples"]] == ["DiskFull", "Slow"]
    assert found["last_week"]["names"] == [{"name": "Slow", "count": 1}]
    assert len(found["windows"]) == 5
    assert found["zone"] == "Europe/Berlin"
    assert not Silence.objects.exists()
    refused = caller().post("silences/preview", {"match": ""})
    assert refused.status_code == 400


def test_what_is_not_there_is_404():
    api = caller()
    for number in ("0", "x", "9" * 30, "-1"):
        assert api.get(f"silences/{number}").status_code == 404
        assert api.get(f"subscriptions/{number}").status_code == 404
