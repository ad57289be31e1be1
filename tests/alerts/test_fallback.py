"""What a channel cannot tell, another one tells."""

from datetime import timedelta

import pytest

from alerts.fallback import mend_dead
from alerts.models import Channel, Notification
from alerts.tasks import mend_deliveries
from tests.alerts.delivering import (
    fail_five_times,
    flush,
    hook_channel,
    run,
    run_until_quiet,
    state,
)
from tests.alerts.makers import NOW, hold_in, later, make_alert, make_group, make_notification
from tests.alerts.receivers import Reply

pytestmark = pytest.mark.django_db


def test_what_fails_for_good_is_told_through_the_fallback_once(hooks, others):
    fallback = hook_channel(others, "other")
    channel = hook_channel(hooks, fallback=fallback)
    hooks.reply = lambda request: Reply(410, b"gone")
    row = make_notification(make_alert(), channel)
    run()
    run(later(seconds=1))
    assert state(row)[0] == "dead"
    stead = Notification.objects.get(channel=fallback)
    assert (stead.state, stead.instead_of, stead.about) == ("done", row, "warning")
    assert len(others.requests) == 1
    mend_dead(now=later(seconds=2))
    assert Notification.objects.filter(channel=fallback).count() == 1


def test_whoever_was_told_already_is_not_told_again_by_a_fallback(hooks, others):
    fallback = hook_channel(others, "other")
    channel = hook_channel(hooks, fallback=fallback)
    hooks.reply = lambda request: Reply(410)
    alert = make_alert()
    make_notification(alert, fallback)
    make_notification(alert, channel)
    run()
    run(later(seconds=1))
    assert len(others.requests) == 1


def test_chains_of_fallbacks_end_at_a_circle(hooks):
    hooks.reply = lambda request: Reply(410)
    one, two, three = (hook_channel(hooks, name) for name in ("one", "two", "three"))
    for channel, fallback in ((one, two), (two, three), (three, one)):
        Channel.objects.filter(pk=channel.pk).update(fallback=fallback)
    row = make_notification(make_alert(), Channel.objects.get(pk=one.pk))
    for seconds in range(10):
        run(later(seconds=seconds))
    dead = Notification.objects.filter(state="dead").order_by("pk")
    assert [found.channel.name for found in dead] == ["one", "two", "three"]
    assert {found.instead_of_id for found in dead[1:]} == {row.pk}


def test_a_channel_that_fails_for_five_minutes_has_its_fallback_told_once(hooks, others):
    fallback = hook_channel(others, "other")
    channel = hook_channel(hooks, fallback=fallback)
    fail_five_times(channel, hooks)
    alert = make_alert()
    row = make_notification(alert, channel)
    over = make_notification(make_alert(), channel, "resolved")
    now = NOW
    while now < later(minutes=4, seconds=30):
        now += timedelta(seconds=10)
        run(now)
    assert others.requests == []
    while now < later(minutes=12):
        now += timedelta(seconds=10)
        run(now)
    told = [request.json["alert"]["id"] for request in others.requests]
    assert told.count(alert.pk) == 1
    assert over.alert_id not in told
    hooks.reply = lambda request: Reply()
    run_until_quiet(now)
    assert state(row)[0] == "done"
    assert len(others.requests) == len(told)


def test_a_fallback_tells_what_the_group_would_have_told(hooks, others):
    fallback = hook_channel(others, "other")
    group = make_group(hook_channel(hooks, fallback=fallback))
    hooks.reply = lambda request: Reply(410)
    for _ in range(3):
        hold_in(group, make_alert())
    flush()
    run()
    run(later(seconds=1))
    body = others.requests[0].json
    assert body["group"]["total"] == 3
    assert body["alert"]["episode"].startswith("opsportal-alert-")


def test_what_was_written_off_without_a_word_reaches_the_fallback_too(hooks, others):
    fallback = hook_channel(others, "other")
    channel = hook_channel(hooks, fallback=fallback)
    make_notification(make_alert(), channel, state="dead", finished_at=NOW)
    make_notification(make_alert(), channel, state="dead", finished_at=later(hours=-1))
    assert mend_dead(now=later(minutes=1)) == 1
    assert Notification.objects.filter(channel=fallback).count() == 1
    mend_deliveries()
