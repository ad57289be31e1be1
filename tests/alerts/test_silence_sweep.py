"""Silences at work: previews, notices, and ends that come by themselves."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts import silence as deeds
from alerts.change import save_silence
from alerts.expire import expire_episodes
from alerts.models import Alert, Channel, Notification, Silence
from alerts.silence import count_held, extend_silence, preview_silence, sweep_silences
from chronos.models import ChangeEvent
from opsportal.accounts.actors import Actor
from opsportal.lib.errors import ConflictError, PayloadError
from tests.accounts.people import make_person, make_team
from tests.alerts.makers import JO, NOW, later, make_alert

pytestmark = pytest.mark.django_db


def make_silence(actor=JO, **values) -> Silence:
    defaults = {
        "match": 'service="billing"',
        "starts_at": NOW,
        "ends_at": later(hours=2),
        "comment": "moving the database",
    }
    silence = Silence(**defaults | values)
    save_silence(silence, actor=actor, now=NOW)
    return silence


# Preview


def test_a_preview_counts_what_fires_now_and_what_came_last_week():
    for days in (0, 1, 6, 8):
        make_alert(received_at=later(days=-days), status="resolved", resolved_at=NOW)
    newest = make_alert(name="Slow")
    make_alert(service="shop")
    found = preview_silence(Silence(match='service="billing"', starts_at=NOW), now=NOW)
    assert (found.now.count, found.now.more) == (1, False)
    assert [alert.pk for alert in found.now.samples] == [newest.pk]
    assert found.last_week.count == 4
    assert list(found.last_week.names) == [("DiskFull", 3), ("Slow", 1)]
    assert not Silence.objects.exists()


def test_a_teams_preview_counts_its_alerts_and_those_of_none():
    mine, other = make_team(), make_team()
    for team in (mine, other, None):
        make_alert(team=team)
    silence = Silence(match='service="billing"', team=mine, starts_at=NOW)
    assert preview_silence(silence, now=NOW).now.count == 2


def test_counts_are_bounded(monkeypatch):
    monkeypatch.setattr(deeds, "MOST_COUNTED", 3)
    for _ in range(5):
        make_alert()
    found = preview_silence(Silence(match='service="billing"', starts_at=NOW), now=NOW)
    assert found.now.text == "more than 3"


def test_a_preview_has_the_next_times_with_their_zone():
    silence = Silence(
        match='service="billing"',
        starts_at=NOW,
        recurrence="FREQ=WEEKLY",
        duration=timedelta(hours=1),
        zone="Europe/Berlin",
    )
    found = preview_silence(silence, now=NOW)
    assert len(found.windows) == 5
    assert found.windows[0] == (NOW, later(hours=1))
    assert found.zone == "Europe/Berlin"


def test_hits_of_many_silences_take_one_query():
    team = make_team()
    make_alert()
    make_alert(team=make_team())
    silences = [make_silence(team=team), *(make_silence() for _ in range(5))]
    with CaptureQueriesContext(connection) as queries:
        counts = count_held(silences)
    assert len(queries) == 1
    assert counts[silences[0].pk] == "1"
    assert counts[silences[1].pk] == "2"


# Extending


def test_it_is_extended_up_to_the_longest():
    silence = make_silence()
    extend_silence(silence, timedelta(hours=4), actor=JO, now=later(hours=1))
    assert Silence.objects.get().ends_at == later(hours=6)
    with pytest.raises(PayloadError):
        extend_silence(silence, timedelta(days=90), actor=JO, now=later(hours=1))
    with pytest.raises(ConflictError):
        extend_silence(Silence.objects.get(), timedelta(hours=1), actor=JO, now=later(hours=7))


# Notice


def notices() -> list[Alert]:
    return list(Alert.objects.filter(name="SilenceEnding").order_by("pk"))


@pytest.fixture
def author():
    return make_person("responder", email="author@example.org")


def by(person) -> Actor:
    return Actor(person.username, person.pk, None)


def test_its_author_is_told_once_before_it_ends_if_it_holds_something_back(author):
    make_alert()
    team = make_team()
    silence = make_silence(actor=by(author), team=team)
    sweep_silences(now=later(minutes=104))
    assert not notices()
    for seconds in (0, 5):
        sweep_silences(now=later(minutes=105, seconds=seconds))
    [alert] = notices()
    assert alert.severity == "info"
    assert alert.team == team
    assert alert.summary == f"{silence.name} ends in 15m and holds back 1 alert"
    assert alert.links[0]["href"].endswith(f"/admin/alerts/silence/{silence.pk}/change/")
    told = Notification.objects.get()
    assert told.alert == alert
    assert told.channel == Channel.objects.get(user=author)
    expire_episodes(now=later(hours=2))
    alert.refresh_from_db()
    assert alert.resolved_at == later(hours=2)


def test_nobody_is_told_of_one_that_holds_nothing_back_or_is_short(author):
    make_silence(actor=by(author))
    make_silence(match='service="shop"', actor=by(author), ends_at=later(minutes=59))
    make_alert(service="shop")
    sweep_silences(now=later(minutes=50))
    sweep_silences(now=later(minutes=110))
    assert not notices()


def test_one_that_is_extended_gives_notice_of_its_new_end(author):
    make_alert()
    silence = make_silence(actor=by(author))
    sweep_silences(now=later(minutes=110))
    silence.refresh_from_db()
    extend_silence(silence, timedelta(hours=1), actor=JO, now=later(minutes=111))
    sweep_silences(now=later(minutes=112))
    assert len(notices()) == 1
    sweep_silences(now=later(minutes=170))
    assert len(notices()) == 2


def test_a_keys_silence_gives_notice_to_the_team_alone():
    make_alert()
    make_silence(team=make_team())
    sweep_silences(now=later(minutes=110))
    assert len(notices()) == 1
    assert not Notification.objects.exists()


# Ends


def test_one_whose_time_has_run_out_is_written_down_as_over():
    silence = make_silence()
    sweep_silences(now=later(hours=1))
    sweep_silences(now=later(hours=3))
    silence.refresh_from_db()
    assert silence.ended_at == silence.ends_at


def test_one_that_ends_when_unmatched_waits_for_something_and_then_for_nothing():
    silence = make_silence(end_when_unmatched=True)
    sweep_silences(now=later(minutes=20))
    alert = make_alert()
    sweep_silences(now=later(minutes=30))
    sweep_silences(now=later(minutes=30, seconds=5))
    alert.status, alert.resolved_at = "resolved", later(minutes=31)
    alert.save()
    sweep_silences(now=later(minutes=34))
    silence.refresh_from_db()
    assert silence.matched_at == later(minutes=30)
    assert silence.ended_at is None
    sweep_silences(now=later(minutes=35))
    silence.refresh_from_db()
    assert silence.ended_at == later(minutes=35)
    ended = ChangeEvent.objects.get(kind="silence", action="ended")
    assert ended.actor == "opsportal"


def test_a_flutter_does_not_end_it():
    silence = make_silence(end_when_unmatched=True)
    alert = make_alert()
    for minute in range(0, 60, 4):
        alert.resolved_at, alert.status = None, "firing"
        alert.save()
        sweep_silences(now=later(minutes=minute))
        alert.resolved_at, alert.status = later(minutes=minute + 1), "resolved"
        alert.save()
        sweep_silences(now=later(minutes=minute + 3))
    silence.refresh_from_db()
    assert silence.ended_at is None


def test_idle_sweeps_are_three_queries_however_many_silences_there_are():
    for _ in range(10):
        make_silence(starts_at=later(hours=1))
        make_silence()
    with CaptureQueriesContext(connection) as queries:
        sweep_silences(now=later(minutes=1))
    assert len(queries) == 3
