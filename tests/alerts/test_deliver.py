"""Notifications reach their channels: at least once, in order, and every answer is kept."""

import logging
import threading
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from alerts import deliver
from alerts.channels.webhook import WebhookChannel
from alerts.deliver import deliver_notifications, replay_all_dead, replay_notification
from alerts.models import DeliveryAttempt, Notification
from alerts.tasks import NotificationOutbox
from opsportal.accounts.models import AuditEntry
from opsportal.lib.errors import ConflictError, DeliveryError
from tests.alerts.makers import (
    JO,
    NOW,
    claim,
    later,
    make_alert,
    make_channel,
    make_notification,
)
from tests.alerts.receivers import Reply, http_server, mail_server

pytestmark = pytest.mark.django_db


@pytest.fixture
def mails(settings):
    with mail_server() as found:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", found.port
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        yield found


@pytest.fixture
def hooks():
    with http_server() as found:
        yield found


def hook_channel(hooks, name="hook", **values):
    settings = {"url": hooks.url, "secret": "s3cret"}
    return make_channel(name, "webhook", settings=settings, **values)


def run(now=NOW) -> int:
    rows = claim(NotificationOutbox(), now, 10)
    if rows:
        deliver_notifications(rows, now=now)
    return len(rows)


def run_until_quiet(now):
    """As the dispatcher does: again and again, until nothing is left to be done."""
    for _ in range(200):
        if not Notification.objects.filter(state__in=["due", "claimed"]).exists():
            return
        run(now)
        now += timedelta(seconds=30)
    raise AssertionError("never quiet")


def state(notification) -> tuple[str, int, str]:
    notification.refresh_from_db()
    return notification.state, notification.attempts, notification.last_error


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


def test_all_that_is_dead_can_be_replayed_at_once(hooks):
    hooks.reply = lambda request: Reply(404)
    first, second = hook_channel(hooks), hook_channel(hooks, "second")
    for channel in (first, second):
        for _ in range(2):
            make_notification(make_alert(), channel)
    run()
    assert Notification.objects.filter(state="dead").count() == 4
    assert replay_all_dead(actor=JO, now=NOW, channel=first) == 2
    assert replay_all_dead(actor=JO, now=NOW) == 2
    assert replay_all_dead(actor=JO, now=NOW) == 0
    assert AuditEntry.objects.filter(action="replay").count() == 2


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


def test_nothing_is_sent_at_the_end_of_a_lease(hooks):
    row = make_notification(make_alert(), hook_channel(hooks))
    rows = claim(NotificationOutbox())
    deliver_notifications(rows, now=later(minutes=2, seconds=30))
    assert hooks.requests == []
    assert state(row)[:2] == ("due", 0)


def test_a_worker_killed_before_the_send_loses_nothing(hooks):
    row = make_notification(make_alert(), hook_channel(hooks))
    claim(NotificationOutbox())
    run(later(minutes=1))
    assert hooks.requests == []
    run(later(minutes=4))
    assert state(row)[:2] == ("done", 2)
    assert len(hooks.requests) == 1


class KilledError(BaseException):
    """Stands for SIGKILL: nothing of ours catches it."""


def test_a_worker_killed_between_send_and_mark_sends_the_same_mail_again(mails, monkeypatch):
    row = make_notification(make_alert(), make_channel())

    def killed(*args):
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(deliver, "_record", killed)
        with pytest.raises(KilledError):
            run()
    assert state(row)[:2] == ("claimed", 1)
    run(later(minutes=4))
    assert state(row)[:2] == ("done", 2)
    one, other = [received.mail for received in mails.received]
    assert one["Message-ID"] == other["Message-ID"]
    assert row.idempotency_key in one["Message-ID"]


def test_whoever_lost_the_lease_does_not_mark_what_another_holds(hooks):
    row = make_notification(make_alert(), hook_channel(hooks))
    [mine] = claim(NotificationOutbox())

    [theirs] = claim(NotificationOutbox(), later(minutes=4))
    deliver_notifications([mine], now=NOW)
    assert state(row)[:2] == ("claimed", 2)
    assert DeliveryAttempt.objects.count() == 1
    deliver_notifications([theirs], now=later(minutes=4))
    assert state(row)[0] == "done"


def test_mail_survives_an_hour_without_a_server_and_arrives_once_in_order(mails):
    mails.stop()
    alert, channel = make_alert(), make_channel()
    make_notification(alert, channel)
    make_notification(alert, channel, "resolved")
    for _ in range(5):
        make_notification(make_alert(), channel)
    now = NOW
    while now < later(hours=1):
        run(now)
        now += timedelta(seconds=30)
    assert not Notification.objects.filter(state="dead").exists()
    assert mails.received == []
    mails.start()
    run_until_quiet(now)
    assert Notification.objects.filter(state="done").count() == 7
    ids = [received.mail["Message-ID"] for received in mails.received]
    assert len(ids) == len(set(ids)) == 7
    thread = [
        received.mail
        for received in mails.received
        if received.mail["X-Opsportal-Alert"] == str(alert.pk)
    ]
    assert [mail["X-Opsportal-Kind"] for mail in thread] == ["opened", "resolved"]
    assert thread[1]["In-Reply-To"] == thread[0]["Message-ID"]


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


def test_a_hanging_channel_holds_up_nobody_else(hooks):
    """Both are under way at once: each waits for the other."""
    together = threading.Barrier(2, timeout=10)

    def reply(request):
        together.wait()
        return Reply()

    hooks.reply = reply
    channel = hook_channel(hooks)
    rows = [make_notification(make_alert(), channel) for _ in range(2)]
    run()
    assert {state(row)[0] for row in rows} == {"done"}


def test_a_bug_in_a_channel_fails_its_own_message_only(hooks, monkeypatch, caplog):
    send = WebhookChannel.send

    def buggy(message, settings):
        if message.service == "broken":
            raise TypeError("s3cret")
        return send(message, settings)

    monkeypatch.setattr(WebhookChannel, "send", buggy)
    channel = hook_channel(hooks)
    broken = make_notification(make_alert(service="broken"), channel)
    good = make_notification(make_alert(), channel)
    run()
    assert state(good)[0] == "done"
    assert state(broken)[:2] == ("due", 1)
    assert "s3cret" not in broken.last_error


def test_secrets_are_in_no_answer_and_no_log(hooks, caplog):
    caplog.set_level(logging.DEBUG)
    hooks.reply = lambda request: Reply(400, b"bad s3cret at " + hooks.url.encode())
    row = make_notification(make_alert(), hook_channel(hooks))
    run()
    assert state(row) == ("dead", 1, "400 bad ******** at ********")
    assert DeliveryAttempt.objects.get().answer == row.last_error
    assert "s3cret" not in caplog.text


def test_while_the_database_is_away_the_result_is_kept_and_nothing_sent_twice(
    hooks, monkeypatch, transactional_db
):
    row = make_notification(make_alert(), hook_channel(hooks))
    settle = deliver._settle
    failures: list[int] = []

    def away(*args):
        if len(failures) < 2:
            failures.append(1)
            raise OperationalError("gone")
        return settle(*args)

    monkeypatch.setattr(deliver, "_settle", away)
    monkeypatch.setattr("alerts.deliver.time.sleep", lambda seconds: None)
    run()
    assert state(row)[:2] == ("done", 1)
    assert DeliveryAttempt.objects.count() == 1
    assert len(hooks.requests) == 1


def test_the_number_of_queries_per_message_is_bounded(hooks):
    channel = hook_channel(hooks)

    def cost(size):
        for _ in range(size):
            make_notification(make_alert(), channel)
        rows = claim(NotificationOutbox(), limit=size)
        with CaptureQueriesContext(connection) as queries:
            deliver_notifications(rows, now=NOW)
        return len(queries)

    # A savepoint, the attempt, the row, and its release, for each; the rest for all together.
    assert cost(10) - cost(1) <= 9 * 4


def test_the_test_button_gives_the_real_answer_and_leaves_a_trail(hooks):
    hooks.reply = lambda request: Reply(201, b"made")
    channel = hook_channel(hooks)
    assert deliver.test_channel(channel, actor=JO, now=NOW) == "201 made"
    assert hooks.requests[0].json["test"] is True
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.after) == ("test", {"answer": "201 made", "succeeded": True})
    hooks.reply = lambda request: Reply(403, b"no s3cret")
    with pytest.raises(DeliveryError, match=r"403 no \*\*\*\*"):
        deliver.test_channel(channel, actor=JO, now=NOW)
    assert AuditEntry.objects.count() == 2
    assert Notification.objects.count() == 0
