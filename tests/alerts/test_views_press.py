"""What people press."""

import pytest
from django.contrib.messages import get_messages
from django.test import Client

from alerts.models import Alert
from tests.accounts.people import make_person, make_team
from tests.alerts.makers import make_alert

pytestmark = pytest.mark.django_db


def press(client, action: str, *alerts: Alert, **more):
    data = {"action": action, "alert": [alert.pk for alert in alerts], "next": "/alerts/?q=x"}
    return client.post("/alerts/act/", data | more)


def said(response) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


@pytest.fixture
def jo(client):
    person = make_person("responder", make_team("payments"), username="jo")
    client.force_login(person)
    return person


def test_many_are_acknowledged_and_those_that_were_are_counted(client, jo):
    alerts = [make_alert() for _ in range(3)] + [make_alert(status="acknowledged")]
    response = press(client, "acknowledge", *alerts)
    assert response["Location"] == "/alerts/?q=x"
    assert said(response) == ["3 acknowledged, 1 was already."]
    assert not Alert.objects.filter(status="firing").exists()
    assert client.get("/alerts/").text.count('title="acknowledged">jo<') == 3
    assert "acknowledged by jo" in client.get(alerts[0].get_absolute_url()).text


def test_each_button_does_its_deed(client, jo):
    alert = make_alert()
    press(client, "assign:me", alert)
    press(client, "snooze:4h", alert)
    press(client, "note", alert, note="a look")
    alert.refresh_from_db()
    assert alert.assignee == jo
    assert alert.snoozed_until is not None
    press(client, "unsnooze", alert)
    press(client, "snooze:until", alert, until="2199-01-01T10:00")
    press(client, "assign:to", alert, assignee="")
    press(client, "resolve", alert, note="fixed")
    alert.refresh_from_db()
    assert alert.snoozed_until is None
    assert alert.assignee is None
    assert alert.status == "resolved"
    kinds = list(alert.transitions.values_list("kind", flat=True))
    assert kinds == ["assigned", "snoozed", "noted", "woken", "assigned", "resolved"]


@pytest.mark.parametrize(
    ("action", "more"),
    [
        ("explode", {}), ("", {}), ("note", {"note": "  "}), ("snooze:until", {"until": "soon"}),
        ("snooze:until", {"until": "2001-01-01T00:00"}), ("snooze:99999999999999h", {}),
        ("note", {"note": "x" * 20_000, "alert": []}), ("acknowledge", {"alert": ["x", "-1"]}),
        ("acknowledge", {"alert": list(range(600))}), ("assign:to", {"assignee": "4711"}),
        ("assign:to", {"assignee": "9" * 5000}),
    ],
)  # fmt: skip
def test_nonsense_is_answered_with_a_message_and_changes_nothing(client, jo, action, more):
    alert = make_alert()
    response = press(client, action, alert, **more)
    assert response.status_code == 302
    assert len(said(response)) == 1
    assert alert.transitions.count() in (0, int(action.startswith("snooze:9")))


def test_only_responders_of_the_team_may_act(client, jo):
    ours = make_alert(team=make_team("platform"))
    nobodys = make_alert()
    assert press(client, "acknowledge", ours).status_code == 403
    assert "1 left alone" in said(press(client, "acknowledge", ours, nobodys))[0]
    ours.refresh_from_db()
    assert ours.status == "firing"


@pytest.mark.parametrize("role", ["viewer", ""])
def test_viewers_and_outsiders_may_not_act(client, role):
    client.force_login(make_person(role))
    assert press(client, "acknowledge", make_alert()).status_code == 403


def test_anonymous_people_and_forged_forms_change_nothing(client):
    alert = make_alert()
    assert press(client, "acknowledge", alert)["Location"].startswith("/admin/login/")
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(make_person("responder"))
    assert press(strict, "acknowledge", alert).status_code == 403
    alert.refresh_from_db()
    assert alert.status == "firing"


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "javascript:x"])
def test_people_are_sent_back_only_into_the_portal(client, jo, elsewhere):
    assert press(client, "resolve", make_alert(), next=elsewhere)["Location"] == "/alerts/"


@pytest.mark.parametrize("back", ["-1", "admin:index", "//elsewhere.example", "https://x.example/"])
def test_who_forges_the_way_back_lands_on_the_list(client, jo, back):
    response = press(client, "note", make_alert(), note="x", next=back)
    assert response["Location"] == "/alerts/"


def test_an_id_of_thousands_of_digits_is_nobodys(client, jo):
    alert = make_alert()
    assert press(client, "assign:to", alert, assignee="9" * 5000).status_code == 302
    assert press(client, "resolve", alert, alert="9" * 5000).status_code == 302
    for place in ("before", "after"):
        assert client.get("/alerts/", {place: "9" * 5000}).status_code == 200
