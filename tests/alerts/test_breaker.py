"""Channels that fail are left alone, busy ones keep to their rate, and all can see it."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from prometheus_client.core import CollectorRegistry
from prometheus_client.exposition import generate_latest

from alerts.change import channel_state, delete_channel, save_channel
from alerts.deliver import deliver_notifications
from alerts.metrics import AlertMetrics
from alerts.models import Channel, ChannelState, DeliveryAttempt, Notification
from alerts.tasks import NotificationOutbox
from opsportal.lib.errors import ConflictError, PayloadError
from tests.accounts.people import make_person
from tests.alerts.delivering import fail_five_times, hook_channel, run, run_until_quiet, state
from tests.alerts.makers import (
    JO,
    NOW,
    claim,
    later,
    make_alert,
    make_channel,
    make_notification,
)
from tests.alerts.receivers import Reply

pytestmark = pytest.mark.django_db


def opened(channel) -> ChannelState:
    return ChannelState.objects.get(channel=channel)


def test_after_five_failures_in_a_row_a_channel_is_left_alone_for_a_minute(hooks):
    channel = hook_channel(hooks)
    fail_five_times(channel, hooks)
    found = opened(channel)
    assert (found.failures, found.last_error) == (5, "503 later")
    assert later(minutes=1) <= found.open_until < later(minutes=2)
    row = make_notification(make_alert(), channel)
    for seconds in range(0, 55, 5):
        run(later(seconds=seconds))
    assert len(hooks.requests) == 5
    assert state(row)[:2] == ("due", 0)
    assert row.due_at >= later(minutes=1)


def test_one_probe_a_time_with_doubling_pauses_up_to_a_quarter_of_an_hour(hooks):
    channel = hook_channel(hooks)
    fail_five_times(channel, hooks)
    before, pauses, now = len(hooks.requests), [], NOW
    for _ in range(7):
        now = opened(channel).open_until + timedelta(seconds=1)
        Notification.objects.update(due_at=now)
        run(now)
        assert len(hooks.requests) == before + 1
        before += 1
        pauses.append(round((opened(channel).open_until - now) / timedelta(minutes=1)))
    assert pauses == [2, 4, 8, 15, 15, 15, 15]
    assert opened(channel).opened_at < later(seconds=5)


def test_a_probe_that_comes_through_closes_it_and_nothing_was_lost(hooks):
    channel = hook_channel(hooks)
    rows = fail_five_times(channel, hooks)
    rows += [make_notification(make_alert(), channel) for _ in range(5)]
    hooks.reply = lambda request: Reply()
    run_until_quiet(later(minutes=2))
    assert {state(row)[0] for row in rows} == {"done"}
    found = opened(channel)
    assert (found.failures, found.opened_at, found.open_until, found.trips) == (0, None, None, 0)


def test_waiting_uses_up_no_attempts(hooks):
    channel = hook_channel(hooks)
    fail_five_times(channel, hooks)
    row = make_notification(make_alert(), channel, due_at=later(hours=1))
    ChannelState.objects.update(open_until=later(hours=2))
    for minutes in range(60, 110):
        run(later(minutes=minutes))
    assert state(row)[:2] == ("due", 0)


def test_a_prober_that_vanished_is_followed_by_another(hooks):
    channel = hook_channel(hooks)
    fail_five_times(channel, hooks)
    hooks.reply = lambda request: Reply()
    Notification.objects.update(due_at=later(minutes=2))
    # It claims the probe and is killed before it sends.
    ChannelState.objects.update(open_until=later(minutes=2) + timedelta(seconds=180))
    run(later(minutes=2))
    assert len(hooks.requests) == 5
    run_until_quiet(later(minutes=6))
    assert Notification.objects.filter(state="done").count() == 5


def test_failures_that_are_not_in_a_row_open_nothing(hooks):
    channel = hook_channel(hooks)
    for number in range(12):
        status = 200 if number % 4 == 3 else 503
        hooks.reply = lambda request, status=status: Reply(status)
        make_notification(make_alert(), channel)
        rows = claim(NotificationOutbox(), later(seconds=number))
        deliver_notifications(rows[:1], now=later(seconds=number))
        Notification.objects.filter(state="due").update(state="dropped")
    assert opened(channel).opened_at is None


def test_a_refusal_is_an_answer(hooks):
    channel = hook_channel(hooks)
    hooks.reply = lambda request: Reply(400)
    for _ in range(8):
        make_notification(make_alert(), channel)
    run()
    assert Notification.objects.filter(state="dead").count() == 8
    assert not ChannelState.objects.filter(failures__gt=0).exists()


def test_one_channel_that_fails_holds_up_no_other(hooks, others):
    broken, fine = hook_channel(hooks), hook_channel(others, "fine")
    fail_five_times(broken, hooks)
    row = make_notification(make_alert(), fine)
    run(later(seconds=1))
    assert state(row)[0] == "done"


def test_the_rate_holds_for_every_minute_and_nothing_is_lost(hooks):
    channel = hook_channel(hooks, rate_limit=6)
    rows = [make_notification(make_alert(), channel) for _ in range(30)]
    sent, now = [], NOW
    while Notification.objects.filter(state__in=["due", "claimed"]).exists():
        before = len(hooks.requests)
        run(now)
        sent += [now] * (len(hooks.requests) - before)
        now += timedelta(seconds=1)
        assert now < later(minutes=20)
    assert len(sent) == 30
    for moment in sent:
        assert sum(moment <= at < moment + timedelta(minutes=1) for at in sent) <= 6
    assert now < later(minutes=8)
    assert {state(row)[1] for row in rows} == {1}


def test_resolves_and_pages_go_first(hooks):
    channel = hook_channel(hooks, rate_limit=2)
    for _ in range(12):
        make_notification(make_alert(), channel)
    run()
    run()
    assert len(hooks.requests) == 2
    page = make_notification(make_alert(), channel, about="page 1.1")
    told = make_alert()
    gone = make_notification(told, channel, "resolved")
    now = NOW
    while len(hooks.requests) < 4:
        now += timedelta(seconds=5)
        run(now)
        assert now < later(minutes=3)
    assert [state(row)[0] for row in (page, gone)] == ["done", "done"]


def test_a_channel_without_a_rate_costs_no_more_queries(hooks):
    channel = hook_channel(hooks)

    def cost(size):
        for _ in range(size):
            make_notification(make_alert(), channel)
        rows = claim(NotificationOutbox(), limit=size)
        with CaptureQueriesContext(connection) as queries:
            deliver_notifications(rows, now=NOW)
        return len([q for q in queries if "channelstate" in q["sql"]])

    assert cost(1) == 2
    # What comes back at the same time is written together.
    assert 2 <= cost(8) <= 9


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"state": "done"}, "Works: the last message was taken."),
        ({"state": "dead", "last_error": "410 Gone"}, "The last message was refused: 410 Gone"),
        ({"state": "due"}, "Nothing was sent yet."),
    ],
)
def test_the_page_says_how_the_last_message_went(client, values, said):
    channel = make_channel("hook")
    make_notification(make_alert(), channel, **values)
    client.force_login(make_person("administrator"))
    assert said in client.get(f"/admin/alerts/channel/{channel.pk}/change/").text


def test_the_state_is_shown_to_people_machines_and_prometheus(client, hooks):
    channel = hook_channel(hooks, rate_limit=7, fallback=make_channel("stand-in"))
    fail_five_times(channel, hooks)
    client.force_login(make_person("administrator"))
    text = client.get(f"/admin/alerts/channel/{channel.pk}/change/").text
    assert "Left alone since" in text
    assert "503 later" in text
    assert "failing" in client.get("/admin/alerts/channel/").text
    found = {entry["name"]: entry for entry in client.get("/api/v1/channels").json()["results"]}
    assert (found["hook"]["rate_limit"], found["hook"]["fallback"]) == (7, "stand-in")
    assert found["hook"]["failing_since"]
    assert found["stand-in"]["failing_since"] is None
    registry = CollectorRegistry()
    registry.register(AlertMetrics())
    assert b'opsportal_channel_breaker_open{channel="hook"} 1.0' in generate_latest(registry)


def test_manners_are_checked_and_stand_in_the_trail():
    channel = make_channel()
    for name, value in (("rate_limit", 0), ("fallback", channel)):
        wrong = Channel.objects.get(pk=channel.pk)
        setattr(wrong, name, value)
        with pytest.raises(PayloadError) as caught:
            save_channel(wrong, actor=JO, now=NOW)
        assert caught.value.errors[0].field == name
    other = make_channel("other")
    channel.rate_limit, channel.fallback = 60, other
    assert save_channel(channel, actor=JO, now=NOW)
    assert channel_state(channel)["fallback"] == "other"
    with pytest.raises(ConflictError, match="fallback of: ops"):
        delete_channel(other, actor=JO, now=NOW)


def test_only_administrators_say_whose_own_a_channel_is(client):
    person = make_person("team_admin")
    channel = make_channel(team=person.memberships.get().team)
    client.force_login(person)
    page = f"/admin/alerts/channel/{channel.pk}/change/"
    assert 'name="user"' not in client.get(page).text
    form = {"name": "ops", "setting_to": "a@example.org", "team": channel.team.pk, "enabled": "on"}
    client.post(page, form | {"user": person.pk, "rate_limit": "5"})
    channel.refresh_from_db()
    assert (channel.user, channel.rate_limit) == (None, 5)


def test_attempts_are_counted_as_before(hooks):
    channel = hook_channel(hooks)
    fail_five_times(channel, hooks)
    assert DeliveryAttempt.objects.filter(succeeded=False).count() == 5
