"""Notifications reach their channels: at least once, in order, and every answer is kept."""

import logging
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts.deliver import deliver_notifications
from alerts.models import DeliveryAttempt, Notification
from alerts.replay import replay_notification
from alerts.send import try_channel
from alerts.tasks import NotificationOutbox
from opsportal.accounts.models import AuditEntry
from opsportal.lib.errors import ConflictError, DeliveryError
from tests.alerts.delivering import hook_channel, run, run_until_quiet, state
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


def test_a_delivery_is_done_and_its_answer_kept(hooks):
    row = make_notification(make_alert(), hook_channel(hooks))
    run()
    assert state(row) == ("done", 1, "")
    attempt = DeliveryAttempt.objects.get()
    assert (attempt.notification_id, attempt.number, attempt.succeeded) == (row.pk, 1, True)
    assert attempt.answer == "200 ok"
    assert attempt.duration > timedelta(0)
    assert hooks.requests[0].headers["idempotency-key"] == row.idempotency_key


def test_a_failure_is_retried_later_with_the_same_key(hooks):
    hooks.reply = lambda request: Reply(503, b"later")
    row = make_notification(make_alert(), hook_channel(hooks))
    run()
    assert state(row) == ("due", 1, "503 later")
    assert row.due_at > NOW
    run()
    assert len(hooks.requests) == 1
    hooks.reply = lambda request: Reply()
    run(later(hours=1))
    assert state(row)[0] == "done"
    assert [(a.number, a.succeeded) for a in DeliveryAttempt.objects.all()] == [
        (1, False),
        (2, True),
    ]
    assert len({request.headers["idempotency-key"] for request in hooks.requests}) == 1


def test_retry_after_is_respected(hooks):
    hooks.reply = lambda request: Reply(429, b"", {"Retry-After": "600"})
    row = make_notification(make_alert(), hook_channel(hooks))
    run()
    row.refresh_from_db()
    assert later(minutes=10) <= row.due_at < later(minutes=11)
    hooks.reply = lambda request: Reply(429, b"", {"Retry-After": "0"})
    run(later(minutes=11))
    row.refresh_from_db()
    assert row.due_at >= later(minutes=11, seconds=5)


def test_a_final_refusal_is_buried_and_can_be_replayed(hooks):
    hooks.reply = lambda request: Reply(410, b"gone")
    row = make_notification(make_alert(), hook_channel(hooks))
    run()
    assert state(row) == ("dead", 1, "410 gone")
    hooks.reply = lambda request: Reply()
    replay_notification(row, actor=JO, now=later(minutes=1))
    run(later(minutes=1))
    assert state(row)[0] == "done"
    assert [attempt.number for attempt in DeliveryAttempt.objects.all()] == [1, 2]
    assert AuditEntry.objects.get().action == "replay"
    with pytest.raises(ConflictError):
        replay_notification(row, actor=JO, now=later(minutes=2))


def test_a_disabled_channel_is_not_used_and_the_reason_is_kept(hooks):
    row = make_notification(make_alert(), hook_channel(hooks, enabled=False))
    run()
    assert state(row)[0] == "dead"
    assert "disabled" in row.last_error
    assert hooks.requests == []


def test_a_later_message_of_an_episode_waits_for_the_earlier_one(hooks):
    hooks.reply = lambda request: Reply(503)
    alert, channel = make_alert(), hook_channel(hooks)
    first = make_notification(alert, channel)
    second = make_notification(alert, channel, "resolved")
    other = make_notification(make_alert(), channel)
    run()
    assert len(hooks.requests) == 2
    assert state(second)[:2] == ("due", 0)
    assert later(seconds=1) <= second.due_at <= later(seconds=31)
    hooks.reply = lambda request: Reply()
    run_until_quiet(later(minutes=1))
    kinds = [
        request.json["kind"]
        for request in hooks.requests
        if request.json["alert"]["id"] == alert.pk
    ]
    assert kinds == ["opened", "opened", "resolved"]
    assert {state(row)[0] for row in (first, second, other)} == {"done"}


def test_a_dead_message_holds_up_nobody(hooks):
    alert, channel = make_alert(), hook_channel(hooks)
    make_notification(alert, channel, state="dead")
    row = make_notification(alert, channel, "resolved")
    run()
    assert state(row)[0] == "done"


def test_recipients_who_have_it_are_not_mailed_again(mails):
    mails.refuse["late@example.org"] = "451 greylisted"
    channel = make_channel(settings={"to": ["ops@example.org", "late@example.org"]})
    row = make_notification(make_alert(), channel)
    run()
    assert state(row)[:2] == ("due", 1)
    assert row.accepted == ["ops@example.org"]
    mails.refuse.clear()
    run(later(minutes=1))
    assert state(row)[0] == "done"
    assert [r.recipients for r in mails.received] == [["ops@example.org"], ["late@example.org"]]


def test_secrets_are_in_no_answer_and_no_log(hooks, caplog):
    caplog.set_level(logging.DEBUG)
    hooks.reply = lambda request: Reply(400, b"bad s3cret at " + hooks.url.encode())
    row = make_notification(make_alert(), hook_channel(hooks))
    run()
    assert state(row) == ("dead", 1, "400 bad *** at ***")
    assert DeliveryAttempt.objects.get().answer == row.last_error
    assert "s3cret" not in caplog.text


def test_the_number_of_queries_per_message_is_bounded(hooks):
    channel = hook_channel(hooks)

    def cost(size):
        for _ in range(size):
            make_notification(make_alert(), channel)
        rows = claim(NotificationOutbox(), limit=size)
        with CaptureQueriesContext(connection) as queries:
            deliver_notifications(rows, now=NOW)
        return len(queries)

    # Each alone, at the worst: a savepoint, the attempt, the row, those it spoke for, the breaker,
    # the release; and what changed before it: what it depends on, there, around. What comes back
    # together is written together, which is left to chance.
    cost(1)  # what this process recalls of names is asked for once
    assert cost(10) - cost(1) <= 9 * 9


def test_the_test_button_gives_the_real_answer_and_leaves_a_trail(hooks):
    hooks.reply = lambda request: Reply(201, b"made")
    channel = hook_channel(hooks)
    assert try_channel(channel, actor=JO, now=NOW) == "201 made"
    assert hooks.requests[0].json["test"] is True
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.after) == ("test", {"answer": "201 made", "succeeded": True})
    hooks.reply = lambda request: Reply(403, b"no s3cret")
    with pytest.raises(DeliveryError, match=r"403 no \*\*\*"):
        try_channel(channel, actor=JO, now=NOW)
    assert AuditEntry.objects.count() == 2
    assert Notification.objects.count() == 0
