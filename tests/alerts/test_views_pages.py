"""Who may open the pages, what they show, and at what price."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts.models import DeliveryAttempt, Notification
from chronos.models import ChangeEvent
from opsportal.lib.times import utc_now
from tests.accounts.people import make_person, make_team
from tests.alerts.makers import make_alert, make_channel, make_notification, make_transition

pytestmark = pytest.mark.django_db
PAGES = ["/", "/alerts/"]
EVIL = "<script>alert('x')</script>"


@pytest.fixture
def viewer(client):
    person = make_person("viewer")
    client.force_login(person)
    return person


def fill(count: int) -> None:
    channel = make_channel(f"channel-{Notification.objects.count()}-{count}")
    for number in range(count):
        now = utc_now()
        alert = make_alert(service=f"s{number}", starts_at=now, received_at=now)
        make_notification(alert, channel, state="dead" if number % 2 else "done")
        ChangeEvent.objects.create(
            kind="deploy",
            title="x",
            actor="ci",
            source="ci",
            status="succeeded",
            started_at=now,
            recorded_at=now,
            updated_at=now,
        )


def queries(client, path: str) -> int:
    with CaptureQueriesContext(connection) as caught:
        assert client.get(path).status_code == 200
    return len(caught)


@pytest.mark.parametrize("path", [*PAGES, "/alerts/1/"])
def test_anonymous_people_are_sent_to_the_login_and_back(client, path):
    response = client.get(path)
    assert response.status_code == 302
    assert response["Location"].startswith("/admin/login/?next=")


@pytest.mark.parametrize("path", [*PAGES, "/alerts/1/"])
def test_people_without_a_role_get_the_403_page(client, path):
    client.force_login(make_person())
    response = client.get(path)
    assert response.status_code == 403
    assert "Ask an administrator" in response.text


def test_a_page_that_is_not_there_says_so_in_the_shell(client, viewer):
    for path in ("/nothing", "/alerts/4711/", f"/alerts/{2**70}/"):
        response = client.get(path)
        assert response.status_code == 404
        assert "Nothing here" in response.text
        assert "nav-sidebar" in response.text


@pytest.mark.parametrize("path", PAGES)
def test_a_page_takes_as_many_queries_for_60_alerts_as_for_3(client, viewer, settings, path):
    fill(3)
    few = queries(client, path)
    fill(57)
    # The first page asks each outbox for the oldest row that waits.
    assert queries(client, path) <= few <= 15 + len(settings.OUTBOXES)


def test_an_alert_takes_as_many_queries_with_a_long_history(client, viewer):
    alert, channel = make_alert(), make_channel()
    make_transition(alert)
    few = queries(client, alert.get_absolute_url())
    for number in range(20):
        make_transition(alert, "noted")
        told = make_notification(alert, channel, about=f"woken {number}")
        DeliveryAttempt.objects.create(
            notification=told, number=1, started_at=utc_now(), duration=timedelta(), succeeded=True
        )
    many = queries(client, alert.get_absolute_url())
    # The attempts are asked for only when something was told.
    assert many <= few + 1 <= 25


def test_what_senders_say_is_shown_escaped(client, viewer):
    alert = make_alert(
        name=EVIL, summary=EVIL, service=EVIL, resource=EVIL, description=EVIL, dedup_key=EVIL,
        labels={EVIL: EVIL}, annotations={EVIL: EVIL}, raw=EVIL,
        links=[{"href": "javascript:alert(1)", "text": EVIL}, {"href": f"https://x/{EVIL}"}],
        runbook_url="javascript:alert(2)",
    )  # fmt: skip
    make_transition(alert)
    make_notification(alert, make_channel(), state="dead", last_error=EVIL)
    for path in (*PAGES, alert.get_absolute_url(), "/alerts/?q=<script>alert('x')</script>"):
        text = client.get(path).text
        assert EVIL not in text
        assert "javascript:" not in text


def test_an_error_of_the_matcher_language_stands_at_the_box(client, viewer):
    response = client.get("/alerts/", {"q": '{severity="high" foo}'})
    assert response.status_code == 400
    assert "column 18" in response.text
    assert " " * 17 + "^" in response.text


def test_filters_of_the_url_narrow_the_list(client, viewer):
    make_alert(name="AlphaDown", severity="critical", service="a", environment="production")
    make_alert(name="BetaSlow", severity="low", service="b")
    make_alert(name="GammaGone", status="resolved", resolved_at=utc_now())
    for query in ("q=alpha", "severity=critical", "service=a", 'q={severity="critical"}'):
        text = client.get(f"/alerts/?{query}").text
        assert "AlphaDown" in text
        assert "BetaSlow" not in text
    assert "GammaGone" not in client.get("/alerts/").text
    assert "GammaGone" in client.get("/alerts/?status=resolved").text
    assert "GammaGone" in client.get("/alerts/?status=all").text


@pytest.mark.parametrize("query", ["before=x", "after=-1", "before=9" + "9" * 5000, "since=never"])
def test_nonsense_in_the_url_is_no_500(client, viewer, query):
    make_alert()
    assert client.get(f"/alerts/?{query}").status_code in (200, 400)


def test_pages_go_on_by_id_and_back(client, viewer):
    alerts = [make_alert(name=f"n{number:03}x") for number in range(230)]
    first = client.get("/alerts/")
    assert "<b>n229x</b>" in first.text
    assert "<b>n129x</b>" not in first.text
    second = client.get(f"/alerts/?before={alerts[130].pk}")
    assert "<b>n129x</b>" in second.text
    assert "<b>n029x</b>" not in second.text
    third = client.get(f"/alerts/?before={alerts[30].pk}")
    assert "<b>n000x</b>" in third.text
    back = client.get(f"/alerts/?after={alerts[29].pk}")
    assert "<b>n030x</b>" in back.text
    assert "<b>n129x</b>" in back.text
    assert "<b>n130x</b>" not in back.text


@pytest.mark.parametrize("path", PAGES)
def test_the_live_part_is_a_304_while_nothing_changed(client, viewer, path):
    first = client.get(path, headers={"X-Part": "live"})
    assert b"<html" not in first.content
    again = client.get(path, headers={"X-Part": "live", "If-None-Match": first["ETag"]})
    assert again.status_code == 304
    make_alert(name="Changed")
    changed = client.get(path, headers={"X-Part": "live", "If-None-Match": first["ETag"]})
    assert "Changed" in changed.text


def change(alert, minutes, **facts):
    at = alert.starts_at - timedelta(minutes=minutes)
    times = {"started_at": at, "ended_at": at, "recorded_at": at, "updated_at": at}
    given = {"kind": "deployment", "title": "x", "actor": "ci", "source": "ci", **times, **facts}
    return ChangeEvent.objects.create(status="succeeded", **given)


def test_what_changed_before_stands_beside_the_alert_with_its_reasons(client, viewer):
    alert = make_alert(service="billing", environment="production", starts_at=utc_now())
    for title, service, minutes in [
        ("just before", "billing", 10), ("long before", "billing", 170),
        ("too early", "billing", 190), ("everywhere", "", 5), ("later", "billing", -2),
    ]:  # fmt: skip
        change(alert, minutes, title=title, service=service)
    text = client.get(alert.get_absolute_url()).text
    assert "just before by ci 10 minutes before</b>" in text
    assert ">10m before</time>" in text
    assert "everywhere by ci 5 minutes before" in text
    assert "no service named" in text
    assert "too early" not in text
    assert "later by ci" not in text
    assert "It was this" not in text  # a viewer has no say


def test_a_responder_says_which_change_it_was(client):
    alert = make_alert(service="billing", starts_at=utc_now())
    found = change(alert, 5, service="billing")
    client.force_login(make_person("responder"))
    page = client.get(alert.get_absolute_url()).text
    assert "It was this" in page
    url = f"{alert.get_absolute_url()}suspects/{found.pk}/"
    client.post(url, {"verdict": "confirmed"})
    assert "confirmed by responder" in client.get(alert.get_absolute_url()).text
    assert client.post(url, {"verdict": "guilty"}, follow=True).status_code == 200
    assert client.post(url.replace(str(found.pk), "999999"), {"verdict": "open"}).status_code == 404
    client.force_login(make_person("viewer"))
    assert client.post(url, {"verdict": "open"}).status_code == 403


def test_viewers_are_offered_no_buttons(client, viewer):
    alert = make_alert()
    for path in ("/alerts/", alert.get_absolute_url()):
        assert "Acknowledge</button>" not in client.get(path).text
    client.force_login(make_person("responder"))
    for path in ("/alerts/", alert.get_absolute_url()):
        assert "Acknowledge</button>" in client.get(path).text


def test_the_sidebar_leads_only_where_the_person_may_go(client, viewer):
    text = client.get("/").text
    assert 'href="/admin/alerts/rule/"' in text
    assert "/admin/axes/" not in text
    client.force_login(make_person("responder", make_team()))
    assert client.get("/admin/alerts/rule/").status_code == 200


def test_what_breaks_is_answered_with_a_page_that_needs_nothing(client, viewer, monkeypatch):
    def broken(now):
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr("alerts.views.dashboard.survey_alerts", broken)
    client.raise_request_exception = False
    response = client.get("/")
    assert response.status_code == 500
    assert "Back to the dashboard" in response.text


def test_a_storm_held_back_by_a_rule_does_not_hide_who_waits(client, viewer):
    for _ in range(12):
        make_alert(name="HostUnreachable", severity="critical", suppressed="behind the switch")
    make_alert(name="SwitchDown", severity="high")
    text = client.get("/").text
    assert "<b>SwitchDown</b>" in text
    assert "<b>HostUnreachable</b>" not in text
    assert "12 more are held back</a>" in text


def test_a_value_is_shown_as_it_is_written(client, viewer):
    assert "<dd>86</dd>" in client.get(make_alert(value=86.0).get_absolute_url()).text


def test_an_instant_in_the_story_is_written_as_everywhere(client, viewer):
    alert = make_alert()
    make_transition(alert, "snoozed", "2026-03-01T13:00:00.416328Z")
    text = client.get(alert.get_absolute_url()).text
    assert ">2026-03-01 13:00:00</time>" in text
    assert ">2026-03-01T13" not in text
