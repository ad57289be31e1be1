"""Alerts that come and go all the time are told once, and again when they stay or get worse."""

import pytest

from alerts.models import Alert, Decision
from tests.alerts.makers import later, make_channel, make_rule, make_silence
from tests.alerts.routing import change_severity, end, release, reopen, route, told

pytestmark = pytest.mark.django_db


def flap(count: int, start: int = 0) -> list[Alert]:
    found = []
    for number in range(start, start + count):
        at = later(minutes=number)
        alert = reopen("flappy", at)
        route(at)
        found.append(alert)
        end(alert, at)
        route(at)
    return found


def test_from_the_fifth_opening_in_an_hour_on_it_is_told_once_that_it_flaps():
    make_rule("all", "", make_channel())
    alerts = flap(7)
    for alert in alerts:
        alert.refresh_from_db()
    assert [alert.flapping for alert in alerts] == [0, 0, 0, 0, 5, 6, 7]
    assert [len(told(alert)) for alert in alerts] == [2, 2, 2, 2, 2, 0, 0]
    last = Decision.objects.get(transition__alert=alerts[-1], transition__kind="reopened")
    assert (last.outcome, alerts[-1].suppressed) == (
        "suppressed",
        "flapping: 7 times in the last hour",
    )


def test_one_that_flaps_and_then_stays_is_told_after_the_hour():
    make_rule("all", "", make_channel())
    flap(6)
    stays = reopen("flappy", later(minutes=10))
    assert route(later(minutes=10))[0].outcome == "suppressed"
    assert release(later(minutes=64)) == []
    assert release(later(minutes=70))[0].outcome == "notified"
    assert told(stays) == [("ops", "warning")]


def test_what_flaps_and_gets_worse_is_told_at_once():
    make_rule("all", "", make_channel())
    flap(6)
    alert = reopen("flappy", later(minutes=10))
    route(later(minutes=10))
    change_severity(alert, "critical", "worsened")
    assert route(later(minutes=11))[0].outcome == "notified"
    assert told(alert) == [("ops", "critical")]


def test_a_key_that_has_been_calm_begins_anew():
    make_rule("all", "", make_channel())
    flap(6)
    alert = reopen("flappy", later(minutes=63))
    assert route(later(minutes=63))[0].outcome == "notified"
    alert.refresh_from_db()
    assert alert.flapping == 0


def test_flapping_can_be_switched_off(settings):
    settings.FLAPPING_COUNT = 0
    make_rule("all", "", make_channel())
    assert [len(told(alert)) for alert in flap(7)] == [2] * 7


def test_what_is_first_found_flapping_within_a_silence_is_told_after_it():
    make_rule("all", "", make_channel())
    flap(4)
    make_silence(ends_at=later(minutes=20))
    alert = reopen("flappy", later(minutes=10))
    assert route(later(minutes=10))[0].outcome == "suppressed"
    assert release(later(minutes=20))[0].outcome == "notified"
    assert told(alert) == [("ops", "warning")]
