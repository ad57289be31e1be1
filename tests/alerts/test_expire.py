"""Time passes: episodes expire, snoozes end, old things go."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts import expire, prune
from alerts.expire import expire_episodes, wake_snoozed
from alerts.models import (
    Alert,
    Decision,
    DeliveryAttempt,
    IdempotentReply,
    Notification,
    Transition,
)
from alerts.prune import prune_episodes, prune_replies
from opsportal.accounts.models import ApiKey
from tests.alerts.makers import (
    NOW,
    later,
    make_alert,
    make_channel,
    make_decision,
    make_notification,
)

pytestmark = pytest.mark.django_db


def test_an_episode_that_was_not_heard_of_is_resolved_and_routed():
    gone = make_alert(
        expires_at=NOW,
        status="acknowledged",
        snoozed_until=later(hours=1),
        last_received_at=later(minutes=-30),
    )
    make_alert(expires_at=later(seconds=1))
    make_alert()
    assert expire_episodes(now=NOW) == 1
    gone.refresh_from_db()
    assert (gone.status, gone.resolved_at, gone.snoozed_until) == ("resolved", NOW, None)
    decision = Decision.objects.get()
    assert (decision.transition.kind, decision.due_at) == ("expired", NOW)
    assert (decision.transition.before, decision.transition.after) == ("acknowledged", "resolved")
    assert decision.transition.note == "Resolved by itself: not heard of for 30m."
    assert expire_episodes(now=NOW) == 0


def test_a_snooze_that_ends_wakes_what_still_fires():
    asleep = make_alert(snoozed_until=NOW)
    make_alert(snoozed_until=later(seconds=1))
    assert wake_snoozed(now=NOW) == 1
    asleep.refresh_from_db()
    assert (asleep.status, asleep.snoozed_until) == ("firing", None)
    assert Decision.objects.get().transition.kind == "woken"


def test_many_expire_in_batches_of_few_statements(monkeypatch):
    def cost(size):
        for _ in range(size):
            make_alert(expires_at=NOW)
        with CaptureQueriesContext(connection) as queries:
            assert expire_episodes(now=NOW) == size
        return len(queries)

    assert cost(1) == cost(40)
    monkeypatch.setattr(expire, "BATCH", 3)
    cost(7)


def make_history(**values) -> Alert:
    alert = make_alert(**values)
    make_decision(alert)
    channel = make_channel(f"channel-{alert.pk}")
    note = make_notification(alert, channel)
    DeliveryAttempt.objects.create(
        notification=note, number=1, started_at=NOW, duration=later() - NOW, succeeded=True
    )
    return alert


def test_old_resolved_episodes_go_with_all_that_is_theirs(settings, monkeypatch):
    monkeypatch.setattr(prune, "BATCH", 2)
    then = NOW - settings.RETENTION
    for _ in range(5):
        make_history(
            status="resolved",
            received_at=later() - settings.RETENTION * 1.1,
            resolved_at=then.replace(year=then.year - 1),
        )
    young = make_history(
        status="resolved", received_at=then.replace(year=then.year - 1), resolved_at=NOW
    )
    still = make_history(received_at=then.replace(year=then.year - 1))
    assert prune_episodes(now=NOW) == 5
    assert set(Alert.objects.all()) == {young, still}
    for model in (Decision, Notification, DeliveryAttempt):
        assert model.objects.count() == 2
    assert Transition.objects.count() == 4


def test_a_run_of_pruning_is_bounded(settings, monkeypatch):
    monkeypatch.setattr(prune, "BATCH", 1)
    monkeypatch.setattr(prune, "MOST_BATCHES", 2)
    old = NOW - settings.RETENTION * 2
    for _ in range(3):
        make_alert(status="resolved", received_at=old, resolved_at=old)
    assert prune_episodes(now=NOW) == 2
    assert prune_episodes(now=NOW) == 1


def test_replies_are_forgotten_after_a_day():
    key = ApiKey.objects.create(name="k", prefix="p", key_hash="h")
    for token, created_at in (("old", later(hours=-25)), ("new", later(hours=-23))):
        IdempotentReply.objects.create(
            key=key, token=token, body_hash="h", status=200, body="", created_at=created_at
        )
    assert prune_replies(now=NOW) == 1
    assert IdempotentReply.objects.get().token == "new"
