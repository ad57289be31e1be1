"""What alerted without use: counted right, for a fixed price, and shown everywhere the same."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts.act import acknowledge_alert, add_note
from alerts.hits import count_hits
from alerts.models import Remediation, Transition
from alerts.noise import report_noise
from opsportal.accounts.actors import Actor
from opsportal.lib.times import utc_now
from opsportal.safety.models import Operation
from tests.accounts.people import make_person, make_team
from tests.alerts.makers import make_alert, make_channel, make_notification, make_rule

pytestmark = pytest.mark.django_db
# A Thursday; the first of eight weeks begins on 5 January.
NOW = datetime(2026, 2, 26, 12, 0, tzinfo=UTC)


def begun(**values):
    """An episode of an hour ago, over half an hour later."""
    at = values.pop("at", NOW - timedelta(hours=1))
    over = values.pop("over", at + timedelta(minutes=30))
    status = "resolved" if over else "firing"
    return make_alert(
        starts_at=at, received_at=at, last_received_at=at, resolved_at=over,
        **{"status": status} | values,
    )  # fmt: skip


def jo() -> Actor:
    person = make_person("responder", username="jo")
    return Actor("jo", person.pk, None)


def acted(alert, kind, at, actor):
    Transition.objects.create(alert=alert, kind=kind, at=at, actor="jo", user_id=actor.user_id)


def remediate(alert, state):
    operation = Operation.objects.create(
        plugin="x", token=f"alert {alert.pk}", requester="r", requested_by="r", plan_hash="0",
        state=state, created_at=NOW, expires_at=NOW,
    )  # fmt: skip
    Remediation.objects.create(
        alert=alert, plugin="x", approval="none", state="done", created_at=NOW, due_at=NOW,
        operation=operation,
    )  # fmt: skip


def test_weeks_are_told_apart_by_team_and_by_monday():
    payments = make_team("payments")
    begun(team=payments, repeat_count=4)
    begun(team=payments, at=datetime(2026, 2, 23, 0, 0, tzinfo=UTC))
    begun(team=payments, at=datetime(2026, 2, 22, 23, 59, tzinfo=UTC))
    begun()
    begun(at=datetime(2026, 1, 4, 23, 59, tzinfo=UTC))
    report = report_noise(now=NOW)
    assert [(str(w.start), w.team, w.episodes) for w in report.weeks] == [
        ("2026-02-23", "payments", 2), ("2026-02-23", "", 1), ("2026-02-16", "payments", 1),
    ]  # fmt: skip
    assert report.total.episodes == 4
    assert report.total.repeats == 4
    assert report_noise(now=NOW, team="payments").total.episodes == 3


def test_who_acted_decides_what_was_noise():
    actor = jo()
    begun()
    taken, noted, mended, simulated, opened = begun(), begun(), begun(), begun(), begun(over=None)
    acted(taken, "acknowledged", NOW - timedelta(minutes=50), actor)
    acted(taken, "noted", NOW - timedelta(minutes=49), actor)
    acted(noted, "noted", NOW, actor)
    acted(opened, "noted", NOW, actor)
    remediate(mended, "done")
    remediate(simulated, "simulated")
    remediate(taken, "done")
    total = report_noise(now=NOW).total
    assert (total.episodes, total.resolved, total.acted_on, total.remediated) == (6, 5, 2, 1)
    assert total.ignored == 2
    assert total.without_person == 3
    assert total.mtta == timedelta(minutes=10)
    assert total.mttr == timedelta(minutes=30)


def test_what_people_do_through_the_portal_counts():
    actor = jo()
    alert, other = begun(over=None), begun(over=None)
    acknowledge_alert(alert.pk, actor=actor, now=NOW)
    add_note(other.pk, "seen", actor=actor, now=NOW)
    for found in (alert, other):
        type(found).objects.filter(pk=found.pk).update(status="resolved", resolved_at=NOW)
    assert report_noise(now=NOW).total.ignored == 0


def test_held_back_is_counted():
    begun(suppressed="staging wakes nobody")
    begun()
    assert report_noise(now=NOW).total.held_back == 1


def test_talkers_and_flapping_keys_are_of_the_last_seven_days():
    for number in range(6):
        at = NOW - timedelta(hours=number + 2)
        begun(dedup_key="often", name="Flappy", at=at)
    channel = make_channel()
    loud = begun(name="Loud", repeat_count=900, over=None)
    told = make_notification(loud, channel, state="done", created_at=NOW)
    Transition.objects.filter(pk=told.transition_id).update(at=NOW)
    begun(name="Old", at=NOW - timedelta(days=8), repeat_count=5000)
    report = report_noise(now=NOW)
    assert (report.by_episodes[0].name, report.by_episodes[0].episodes) == ("Flappy", 6)
    assert (report.by_repeats[0].name, report.by_repeats[0].repeats) == ("Loud", 900)
    assert [(row.name, row.notifications) for row in report.by_notifications] == [("Loud", 1)]
    assert [(key.dedup_key, key.episodes) for key in report.flapping] == [("often", 6)]


def test_rules_without_a_match_are_named_with_their_last():
    used, once, never = make_rule("used"), make_rule("once"), make_rule("never")
    make_rule("off", enabled=False)
    count_hits({used.pk: (1, 0)}, now=NOW)
    count_hits({once.pk: (1, 1)}, now=NOW - timedelta(days=90))
    report = report_noise(now=NOW)
    assert [(rule.id, str(rule.last_matched)) for rule in report.quiet_rules] == [
        (never.pk, "None"), (once.pk, "2025-11-28"),
    ]  # fmt: skip
    assert str(report.counted_since) == "2025-11-28"


def test_it_takes_as_many_queries_for_60_alerts_as_for_3():
    actor, channel = jo(), make_channel()

    def fill(count):
        for number in range(count):
            alert = begun(team=make_team(f"team {number} of {count}"))
            acted(alert, "acknowledged", NOW, actor)
            make_notification(alert, channel, state="done")
            make_rule(f"rule {number} of {count}")

    def price():
        with CaptureQueriesContext(connection) as caught:
            report_noise(now=NOW)
        return len(caught)

    fill(3)
    few = price()
    fill(57)
    assert price() == few <= 13


def test_the_index_of_what_people_did_serves():
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL chooses by statistics")
    with CaptureQueriesContext(connection) as caught:
        report_noise(now=NOW)
    asked = [q["sql"] for q in caught if "alerts_transition" in q["sql"] and "user_id" in q["sql"]]
    with connection.cursor() as cursor:
        for sql in asked[:1]:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
            assert "transition_of_people" in str(cursor.fetchall())


class TestPage:
    def test_it_shows_the_figures_and_the_tables_as_csv(self, client):
        now = utc_now()
        team = make_team("payments")
        begun(at=now - timedelta(hours=1), name="=cmd()", team=team, suppressed="x")
        make_rule("never used")
        client.force_login(make_person("viewer"))
        text = client.get("/alerts/noise/").text
        assert "100 %" in text
        assert "never used" in text
        assert "payments" in client.get("/alerts/noise/weeks.csv").text
        assert "'=cmd()" in client.get("/alerts/noise/episodes.csv?team=payments").text
        for table in ("repeats", "notifications", "flapping", "rules"):
            answer = client.get(f"/alerts/noise/{table}.csv")
            assert answer.headers["Content-Type"].startswith("text/csv")
        assert client.get("/alerts/noise/other.csv").status_code == 404

    def test_an_empty_portal_says_so(self, client):
        client.force_login(make_person("viewer"))
        assert "Nothing has alerted" in client.get("/alerts/noise/").text

    def test_a_team_that_cannot_be_is_no_500(self, client):
        client.force_login(make_person("viewer"))
        for team in ("%00", "x" * 5000):
            assert client.get(f"/alerts/noise/?team={team}").status_code == 200

    def test_a_report_is_kept_for_a_while(self, client):
        client.force_login(make_person("viewer"))
        client.get("/alerts/noise/")
        with CaptureQueriesContext(connection) as caught:
            client.get("/alerts/noise/")
        assert not [query for query in caught if "alerts_transition" in query["sql"]]
