"""Schedules, overrides and policies in the admin."""

from datetime import timedelta
from typing import Any

import pytest

from alerts.models import EscalationPolicy, Override, Schedule
from tests.accounts.people import make_person
from tests.alerts.paging import make_policy, make_schedule, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def schedule(team):
    return make_schedule("primary", person("jo", team), person("sam", team), team=team)


def formset(prefix, *rows, initial=0) -> dict[str, Any]:
    found = {f"{prefix}-TOTAL_FORMS": len(rows), f"{prefix}-INITIAL_FORMS": initial}
    for number, row in enumerate(rows):
        found |= {f"{prefix}-{number}-{name}": value for name, value in row.items()}
    return found


LAYER = {"name": "weekly", "position": 0, "rotation": "1w", "first": "2026-01-05 09:00",
         "people": "jo, sam", "hours": ""}  # fmt: skip


def schedule_form(*layers, **changes) -> dict[str, Any]:
    given = {
        "name": "new",
        "zone": "Europe/Berlin",
        "description": "",
        "calendar_url": "",
        "team": "",
    }
    return given | changes | formset("layers", *layers)


def test_a_schedule_is_made_and_changed_in_the_admin(client, team):
    person("jo"), person("sam")
    admin = make_person("team_admin", team)
    client.force_login(admin)
    office = LAYER | {
        "name": "office",
        "position": 3,
        "people": "sam",
        "hours": "mon-fri 9:00-17:00",
    }
    base = LAYER | {"position": 1}
    answer = client.post("/admin/alerts/schedule/add/", schedule_form(office, base, team=team.pk))
    assert answer.status_code == 302
    schedule = Schedule.objects.get()
    assert [layer.name for layer in schedule.layers.all()] == ["weekly", "office"]
    path = f"/admin/alerts/schedule/{schedule.pk}/change/"
    weekly = schedule.layers.first()
    changed = schedule_form(
        LAYER | {"id": weekly.pk, "schedule": schedule.pk, "people": "sam jo"},
        team=team.pk, calendar_url="https://x.example/secret-token",
    ) | {"layers-INITIAL_FORMS": 1}  # fmt: skip
    assert client.post(path, changed).status_code == 302
    schedule.refresh_from_db()
    [layer] = schedule.layers.all()
    assert [place.user.username for place in layer.places.all()] == ["sam", "jo"]
    assert schedule.ical_url == "https://x.example/secret-token"
    assert "secret-token" not in client.get(path).content.decode()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"people": "jo, nobody"}, "there is no user &#x27;nobody&#x27;"),
        ({"rotation": "often"}, "is no length of a turn"),
        ({"first": "soon"}, "is no wall time"),
        ({"hours": "always"}, "is not understood"),
    ],
)
def test_the_admin_says_what_is_wrong_with_a_layer(client, changes, words):
    person("jo"), person("sam")
    client.force_login(make_person("administrator"))
    answer = client.post("/admin/alerts/schedule/add/", schedule_form(LAYER | changes))
    assert words in answer.content.decode()
    assert not Schedule.objects.exists()


def policy_form(*steps, **changes) -> dict[str, Any]:
    given = {"name": "p", "repeat": 1, "wait": "10m", "enabled": "on", "team": ""}
    return given | changes | formset("steps", *steps)


def test_a_policy_is_made_in_the_admin(client, schedule, team):
    client.force_login(make_person("team_admin", team))
    steps = (
        {"position": 0, "after": "0s", "notify": "schedule primary\nuser jo"},
        {"position": 1, "after": "5m", "notify": "team: payments"},
    )
    path = "/admin/alerts/escalationpolicy/add/"
    assert client.post(path, policy_form(*steps, team=team.pk)).status_code == 302
    policy = EscalationPolicy.objects.get()
    assert (policy.repeat_after, policy.team) == (timedelta(minutes=10), team)
    assert [[str(found) for found in step.targets.all()] for step in policy.steps.all()] == [
        ["schedule primary", "user jo"],
        ["team payments"],
    ]


@pytest.mark.parametrize("notify", ["somebody", "user nobody", "queue x", "schedule"])
def test_the_admin_says_what_is_wrong_with_a_step(client, notify):
    client.force_login(make_person("administrator"))
    steps = {"position": 0, "after": "0s", "notify": notify}
    answer = client.post("/admin/alerts/escalationpolicy/add/", policy_form(steps))
    assert answer.status_code == 200
    assert not EscalationPolicy.objects.exists()


def test_team_admins_edit_overrides_of_their_own_schedules(client, schedule, team):
    client.force_login(make_person("team_admin", team))
    jo = schedule.layers.get().places.first().user
    foreign = make_schedule("foreign")
    given = {"user": jo.pk, "starts_at_0": "2030-07-01", "starts_at_1": "09:00:00",
             "ends_at_0": "2030-07-01", "ends_at_1": "17:00:00", "note": ""}  # fmt: skip
    path = "/admin/alerts/override/add/"
    assert client.post(path, given | {"schedule": foreign.pk}).status_code == 200
    assert client.post(path, given | {"schedule": schedule.pk}).status_code == 302
    override = Override.objects.get()
    path = f"/admin/alerts/override/{override.pk}/"
    assert client.post(f"{path}delete/", {"post": "yes"}).status_code == 302
    assert not Override.objects.exists()


def test_a_policy_and_a_schedule_are_deleted_in_the_admin(client, schedule):
    client.force_login(make_person("administrator"))
    policy = make_policy(None, (timedelta(0), schedule), name="p")
    client.post(f"/admin/alerts/escalationpolicy/{policy.pk}/delete/", {"post": "yes"})
    client.post(f"/admin/alerts/schedule/{schedule.pk}/delete/", {"post": "yes"})
    assert not Schedule.objects.exists()
    assert not EscalationPolicy.objects.exists()
