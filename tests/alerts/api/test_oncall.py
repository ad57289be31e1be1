"""The API of schedules, overrides and escalations."""

from datetime import timedelta

import pytest
from django.test import Client
from icalendar import Calendar

from alerts.change.oncall import renew_feed
from alerts.models import Escalation, ImportedShift, Override
from alerts.oncall.board import feed_token
from opsportal.lib.times import format_instant, utc_now
from tests.accounts.people import bearer, make_key, make_person, make_team
from tests.alerts.makers import JO, NOW, make_alert
from tests.alerts.paging import DAY, make_override, make_policy, make_schedule, page, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def api():
    key = make_key("alerts:read", "alerts:respond")[1]
    return Client(headers=bearer(key))


@pytest.fixture
def schedule():
    return make_schedule(
        "primary",
        person("jo", first_name="Jo", last_name="Doe"),
        person("sam"),
        team=make_team("p"),
    )


def post(client, path, **body):
    return client.post(path, body, content_type="application/json")


def test_who_is_on_call_now_and_next(api, schedule):
    make_schedule("empty")
    empty, primary = api.get("/api/v1/oncall").json()["results"]
    assert (empty["now"], empty["until"], empty["next"]) == (None, None, None)
    assert (primary["schedule"], primary["team"]) == ("primary", "p")
    both = {primary["now"]["username"], primary["next"]["user"]["username"]}
    assert both == {"jo", "sam"}
    assert primary["until"] == primary["next"]["start"]


def test_the_board_takes_the_same_queries_for_many(api, django_assert_max_num_queries):
    for number in range(10):
        schedule = make_schedule(f"s{number}", person(f"p{number}"), team=make_team(f"t{number}"))
        make_override(schedule, person(f"o{number}"), utc_now(), utc_now() + DAY)
    with django_assert_max_num_queries(9):
        assert len(api.get("/api/v1/oncall").json()["results"]) == 10


def test_a_schedule_with_its_shifts(api, schedule):
    found = api.get("/api/v1/schedules").json()["results"]
    assert [(row["id"], row["name"], row["zone"]) for row in found] == [
        (schedule.pk, "primary", "UTC")
    ]
    params = {"from": "2026-03-02T00:00:00Z", "until": "2026-03-04T00:00:00Z"}
    told = api.get(f"/api/v1/schedules/{schedule.pk}", params).json()
    assert told["layers"] == [
        {
            "name": "daily",
            "rotation": "1d",
            "starts_at": "2026-03-01 12:00",
            "people": ["jo", "sam"],
            "hours": "",
        }
    ]
    assert [(row["user"]["name"], row["start"], row["end"]) for row in told["shifts"]] == [
        ("Jo Doe", "2026-03-02T00:00:00Z", "2026-03-02T12:00:00Z"),
        ("sam", "2026-03-02T12:00:00Z", "2026-03-03T12:00:00Z"),
        ("Jo Doe", "2026-03-03T12:00:00Z", "2026-03-04T00:00:00Z"),
    ]
    assert told["shifts"][0]["source"] == "daily"
    whole = api.get(f"/api/v1/schedules/{schedule.pk}").json()
    assert 14 <= len(whole["shifts"]) <= 16


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"from": "never"}, "from"),
        ({"until": "1990-01-01T00:00:00Z", "from": "2000-01-01T00:00:00Z"}, "from"),
        ({"from": "2000-01-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"}, "until"),
    ],
)
def test_a_time_that_cannot_be_is_told(api, schedule, params, field):
    answer = api.get(f"/api/v1/schedules/{schedule.pk}", params)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == field


@pytest.mark.parametrize("path", ["x", "0", "-1", "99999999999999999999999", "%00"])
def test_what_is_no_schedule_is_404(api, path):
    assert api.get(f"/api/v1/schedules/{path}").status_code == 404


def test_a_key_of_the_team_names_anybody(schedule):
    path = f"/api/v1/schedules/{schedule.pk}/overrides"
    body = {"user": "sam", "starts_at": "now", "ends_at": "+2h", "note": "swap"}
    other = Client(headers=bearer(make_key("alerts:respond", team=make_team("other"))[1]))
    assert post(other, path, **body).status_code == 403
    key = make_key("alerts:respond", team=schedule.team, name="bot")[1]
    answer = post(Client(headers=bearer(key)), path, **body)
    assert answer.status_code == 201
    told = answer.json()
    assert (told["user"], told["note"], told["author"]) == ("sam", "swap", "key bot")
    assert Override.objects.get().ends_at - Override.objects.get().starts_at == timedelta(hours=2)


def test_responders_take_over_themselves_and_team_admins_name_others(schedule):
    responder = make_person("responder", schedule.team, username="kim")
    admin = make_person("team_admin", schedule.team)
    stranger = make_person("responder", username="eve")
    path = f"/api/v1/schedules/{schedule.pk}/overrides"

    def ask(user, whom) -> int:
        client = Client()
        client.force_login(user)
        answer = post(client, path, user=whom, starts_at="now", ends_at="+2h")
        return int(answer.status_code)

    assert ask(responder, "kim") == 201
    assert ask(responder, "sam") == 403
    assert ask(admin, "sam") == 201
    assert ask(stranger, "eve") == 403


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"user": "nobody"}, "user"),
        ({"user": "a\0b"}, "user"),
        ({"starts_at": "whenever"}, "starts_at"),
        ({"ends_at": "1h"}, "ends_at"),
        ({"ends_at": "2025-01-01T00:00:00Z", "starts_at": "2024-01-01T00:00:00Z"}, "ends_at"),
        ({"note": "n" * 501}, "note"),
    ],
)
def test_an_override_that_cannot_be_is_told(api, schedule, changes, field):
    body = {"user": "sam", "starts_at": "now", "ends_at": "+2h"} | changes
    answer = post(api, f"/api/v1/schedules/{schedule.pk}/overrides", **body)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == field


def feed(schedule, token) -> str:
    return f"/api/v1/schedules/{schedule.pk}.ics?token={token}"


def test_a_calendar_program_reads_by_token_until_it_is_revoked(schedule):
    token = feed_token(schedule)
    answer = Client(headers={"Accept": "text/calendar"}).get(feed(schedule, token))
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    events = Calendar.from_ical(answer.content).walk("VEVENT")
    assert len(events) > 100
    again = Calendar.from_ical(Client().get(feed(schedule, token)).content).walk("VEVENT")
    uids = [str(event["UID"]) for event in events]
    assert len(set(uids)) == len(uids)
    assert {str(event["UID"]) for event in again} == set(uids)
    other = make_schedule("other")
    assert Client().get(feed(other, token)).status_code == 401
    renew_feed(schedule, actor=JO, now=NOW)
    assert Client().get(feed(schedule, token)).status_code == 401
    assert Client().get(feed(schedule, feed_token(schedule))).status_code == 200


def test_a_calendar_is_read_with_a_key_too(api, schedule):
    assert api.get(f"/api/v1/schedules/{schedule.pk}.ics").status_code == 200
    assert Client().get(feed(schedule, "wrong")).status_code == 401
    assert Client().get(feed(schedule, "ä\0")).status_code == 401


def test_escalations_tell_where_they_stand(api, django_assert_max_num_queries):
    for number in range(3):
        team = make_team(f"t{number}")
        make_policy(team, (timedelta(0), team))
        page(make_alert(), team)
    Escalation.objects.filter(team__name="t1").update(progress="untaken")
    with django_assert_max_num_queries(4):
        rows = api.get("/api/v1/escalations").json()["results"]
    assert [row["team"] for row in rows] == ["t2", "t1", "t0"]
    assert (rows[0]["progress"], rows[0]["round"], rows[0]["step"]) == ("walking", 0, 0)
    assert rows[0]["created_at"] == format_instant(NOW).replace(".000000", "")

    def teams(**params) -> list[str]:
        return [row["team"] for row in api.get("/api/v1/escalations", params).json()["results"]]

    assert teams(progress="untaken") == ["t1"]
    assert teams(team="t0") == ["t0"]
    assert teams(alert=rows[0]["alert_id"]) == ["t2"]
    for params in ({"progress": "lost"}, {"alert": "x"}):
        assert api.get("/api/v1/escalations", params).status_code == 400


def test_addresses_of_calendars_are_nowhere_in_the_answers(api):
    schedule = make_schedule("fed", ical_url="https://x.example/secret-token")
    ImportedShift.objects.create(
        schedule=schedule, user=person("jo"), starts_at=utc_now(), ends_at=utc_now() + DAY
    )
    for path in ("oncall", "schedules", f"schedules/{schedule.pk}", f"schedules/{schedule.pk}.ics"):
        answer = api.get(f"/api/v1/{path}")
        assert answer.status_code == 200
        assert b"secret-token" not in answer.content
