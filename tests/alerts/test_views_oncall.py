"""The pages of on call: what they show, and who may do what there."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts.models import ImportedShift, Override, Schedule
from alerts.oncall.load import load_roster
from alerts.views.oncall_calendar import FINAL, Frame, draw_weeks
from opsportal.lib.times import utc_now
from tests.accounts.people import make_person, make_team
from tests.alerts.paging import DAY, make_layer, make_override, make_schedule, person
from tests.alerts.receivers import Reply

pytestmark = pytest.mark.django_db
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def schedule(team):
    return make_schedule("primary", person("jo", team), person("sam", team), team=team)


def test_the_board_shows_who_is_on_call_and_my_own_shifts(client, schedule, team):
    kim = make_person("responder", team, username="kim")
    make_override(schedule, kim, utc_now(), utc_now() + DAY)
    make_schedule("empty")
    client.force_login(kim)
    text = client.get("/oncall/").content.decode()
    assert "My next shifts" in text
    assert text.count("primary") >= 2
    assert "Nobody" in text


def test_the_board_without_schedules_says_what_to_do(client):
    client.force_login(make_person("administrator"))
    assert "No schedule yet" in client.get("/oncall/").content.decode()


def test_pages_take_the_same_queries_for_many(client, schedule):
    client.force_login(make_person("administrator"))

    def queries(path) -> int:
        with CaptureQueriesContext(connection) as found:
            assert client.get(path).status_code == 200
        return len(found)

    few = [queries("/oncall/"), queries(schedule.get_absolute_url())]
    for number in range(8):
        other = make_schedule(f"s{number}", person(f"p{number}"), team=make_team(f"t{number}"))
        make_override(other, person(f"o{number}"), utc_now(), utc_now() + DAY)
        make_layer(schedule, person(f"q{number}"))
        make_override(schedule, person(f"r{number}"), utc_now(), utc_now() + DAY)
    assert [queries("/oncall/"), queries(schedule.get_absolute_url())] == few


def test_the_calendar_is_drawn_on_the_wall_of_its_zone(schedule):
    frame = Frame(date(2026, 3, 23), 2, BERLIN)  # the clocks change on the 29th
    roster = load_roster([schedule], frame.start, frame.end)
    now = datetime(2026, 3, 25, 11, tzinfo=UTC)
    first, second = draw_weeks(roster, roster.plans[schedule.pk], frame, now)
    assert [day.today for day in first.days] == [False, False, True, False, False, False, False]
    assert float(first.now) == pytest.approx(2.5 / 7 * 100, abs=0.01)
    assert second.now == ""
    [lane] = first.lanes
    assert lane.name == FINAL
    # Noon in UTC is one o'clock in Berlin, and two after the change.
    assert float(lane.bars[1].left) == pytest.approx(13 / 168 * 100, abs=0.01)
    assert float(second.lanes[0].bars[1].left) == pytest.approx(14 / 168 * 100, abs=0.01)
    assert all(float(bar.left) + float(bar.width) <= 100.5 for bar in lane.bars)
    assert lane.bars[1].title.startswith("jo: Mon 23 Mar 13:00 to Tue 24 Mar 13:00")


@pytest.mark.parametrize(
    "query",
    ["zone=Asia/Tokyo", "weeks=6", "start=2026-03-25", "zone=Mars", "start=nonsense",
     "start=9999-12-31", "weeks=x&start=1970-01-01", "zone=%00"],
)  # fmt: skip
def test_whatever_is_asked_a_page_is_shown(client, schedule, query):
    client.force_login(make_person("viewer"))
    assert client.get(f"{schedule.get_absolute_url()}?{query}").status_code == 200


def test_people_see_the_forms_that_they_may_use(client, schedule, team):
    path = schedule.get_absolute_url()
    seen = {}
    for role, mine in [("viewer", team), ("responder", team), ("team_admin", team),
                       ("responder", make_team("other"))]:  # fmt: skip
        client.force_login(make_person(role, mine))
        text = client.get(path).content.decode()
        seen[f"{role} {mine}"] = (
            "Take over" in text, "<select name=\"user\"" in text, "?token=" in text,
            "End this address" in text,
        )  # fmt: skip
    assert seen == {
        "viewer payments": (False, False, False, False),
        "responder payments": (True, False, True, False),
        "team_admin payments": (True, True, True, True),
        "responder other": (False, False, False, False),
    }


def take_over(client, schedule, whom, **changes):
    given = {"user": whom.pk, "zone": "Europe/Berlin", "starts_at": "2030-07-01T09:00",
             "ends_at": "2030-07-01T17:00", "note": "swap"}  # fmt: skip
    return client.post(f"{schedule.get_absolute_url()}overrides/", given | changes)


def test_a_responder_takes_over_and_gives_back(client, schedule, team):
    kim = make_person("responder", team)
    client.force_login(kim)
    assert take_over(client, schedule, kim).status_code == 302
    override = Override.objects.get()
    assert override.starts_at == datetime(2030, 7, 1, 7, tzinfo=UTC)
    assert (override.user, override.note, override.author) == (kim, "swap", kim.username)
    other = make_override(schedule, person("eve"), utc_now(), utc_now() + DAY)
    assert client.post(f"/oncall/overrides/{other.pk}/remove/").status_code == 403
    assert client.post(f"/oncall/overrides/{override.pk}/remove/").status_code == 302
    assert list(Override.objects.all()) == [other]


def test_only_the_teams_own_may_take_over(client, schedule, team):
    responder, stranger = make_person("responder", team), make_person("responder")
    for who, whom in (
        (responder, stranger),
        (stranger, stranger),
        (make_person("viewer", team), responder),
    ):
        client.force_login(who)
        assert take_over(client, schedule, whom).status_code == 403
    client.force_login(make_person("team_admin", team))
    assert take_over(client, schedule, stranger).status_code == 302
    assert Override.objects.get().user == stranger


@pytest.mark.parametrize(
    "changes",
    [{"user": ""}, {"user": "x"}, {"user": "999999"}, {"starts_at": ""}, {"ends_at": "x"},
     {"ends_at": "2020-01-01T00:00"}, {"zone": "Mars"}, {"note": "n" * 900, "ends_at": "\0"}],
)  # fmt: skip
def test_what_cannot_be_is_told_and_nothing_is_stored(client, schedule, changes):
    client.force_login(person := make_person("administrator"))
    answer = take_over(client, schedule, person, **changes)
    assert answer.status_code == 302
    page = client.get(answer["Location"])
    assert [str(found.level_tag) for found in page.context["messages"]] == ["error"]
    assert not Override.objects.exists()


def test_team_admins_end_the_calendars_address(client, schedule, team):
    path = f"{schedule.get_absolute_url()}feed/"
    client.force_login(make_person("responder", team))
    assert client.post(path).status_code == 403
    client.force_login(make_person("team_admin", team))
    assert client.post(path).status_code == 302
    assert Schedule.objects.get().feed_number == 2


def test_team_admins_import_the_calendar_at_once(client, schedule, team, hooks):
    hooks.reply = lambda request: Reply(500, b"")
    schedule.ical_url = hooks.url
    schedule.save()
    path = f"{schedule.get_absolute_url()}fetch/"
    client.force_login(make_person("responder", team))
    assert client.post(path).status_code == 403
    client.force_login(make_person("team_admin", team))
    assert client.post(path).status_code == 302
    assert "answered 500" in client.get(schedule.get_absolute_url()).content.decode()
    assert not ImportedShift.objects.exists()


@pytest.mark.parametrize("path", ["/oncall/", "/oncall/1/"])
def test_outsiders_are_kept_out(client, path):
    assert client.get(path).status_code == 302
    client.force_login(make_person())
    assert client.get(path).status_code == 403
