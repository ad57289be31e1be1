"""Subscribers are told: at once, in digests, after quiet hours."""

import pytest

from alerts.models import AlertGroup, Channel, Notification, Subscription
from opsportal.accounts.models import User
from tests.alerts.makers import later, make_alert, make_channel, make_decision, make_rule
from tests.alerts.routing import change_severity, end, flush, opened, route, states, told

pytestmark = pytest.mark.django_db


def subscribe(user=None, **values) -> Subscription:
    user = user or User.objects.create(username="jo", email="jo@example.org")
    return Subscription.objects.create(**{"name": "jo's", "user": user} | values)


def test_a_subscriber_without_a_channel_gets_one_made_of_the_address():
    subscribe()
    alert = opened()
    channel = Channel.objects.get()
    assert (channel.kind, channel.settings["to"]) == ("email", ["jo@example.org"])
    assert told(alert) == [(channel.name, "warning")]
    assert Notification.objects.get().subscription is not None
    second = opened()
    assert told(second) == [(channel.name, "warning")]


def test_a_subscriber_who_cannot_be_reached_is_named_in_the_reasons():
    subscribe(User.objects.create(username="ghost"))
    make_decision(make_alert())
    [decision] = route()
    assert decision.outcome == "nobody"
    assert "ghost's own channel: there is no way" in decision.reasons[-1]["note"]


def test_a_digest_waits_for_its_time_and_takes_all_and_the_ends_with_it():
    subscribe(channel=make_channel(), digest="every 30m")
    first = opened(now=later(minutes=5))
    second = opened(now=later(minutes=10), service="search")
    group = AlertGroup.objects.get()
    assert (group.due_at, group.subscription_id) == (
        later(minutes=30),
        Subscription.objects.get().pk,
    )
    assert states(first) == states(second) == [("warning", "held")]
    flush(later(minutes=30))
    for alert in (first, second):
        end(alert)
    route(later(minutes=31))
    group.refresh_from_db()
    # An end is no reason to disturb earlier.
    assert (group.state, group.due_at) == ("due", later(hours=1))
    assert states(first) == [("warning", "done"), ("resolved", "held")]


def test_what_ends_before_the_digest_is_not_in_it():
    subscribe(channel=make_channel(), digest="daily 09:00")
    alert = opened()
    end(alert)
    assert route(later(hours=1))[0].outcome == "nobody"
    assert states(alert) == [("warning", "dropped")]


def test_quiet_hours_hold_until_their_end_and_outside_it_is_told_at_once():
    subscribe(channel=make_channel(), quiet_hours="22:00-06:00", zone="Europe/Berlin")
    day = opened()
    night = opened(now=later(hours=10))  # 23:00 in Berlin
    assert states(day) == [("warning", "due")]
    assert states(night) == [("warning", "held")]
    assert AlertGroup.objects.get().due_at == later(hours=17)
    end(day)
    route(later(hours=11))
    assert states(day) == [("warning", "due"), ("resolved", "held")]
    flush(later(hours=17))
    end(night)
    route(later(hours=20))
    assert states(night) == [("warning", "done"), ("resolved", "due")]


def test_who_does_not_want_ends_hears_none_unless_a_rule_told_them_as_well():
    channel = make_channel()
    subscribe(channel=channel, tell_resolved=False)
    alert = opened()
    end(alert)
    [decision] = route()
    assert (decision.outcome, told(alert)) == ("nobody", [("ops", "warning")])
    make_rule("critical", '{severity="critical"}', channel)
    alert = opened()
    change_severity(alert, "critical", "worsened")
    route()
    end(alert)
    route()
    assert [about for _, about in told(alert)] == ["warning", "critical", "resolved"]


def test_who_left_hears_nothing_of_new_alerts():
    user = User.objects.create(username="jo", email="jo@example.org")
    subscribe(user, channel=make_channel())
    opened()
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert told(opened()) == []
